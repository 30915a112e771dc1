import { type ArgsDef, defineCommand } from 'citty'
import { importLexicons } from '../import-lexicons.ts'
import { lexiconPath } from '../layout.ts'
import { packageVersion } from '../packages.ts'
import { changeLine, count, countChanges, printJson, seconds } from '../report.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = { ...jsonOption, ...rootOption } as const satisfies ArgsDef

export default defineCommand({
  meta: { name: 'import', description: 'Bring the lexicons of @atproto/api into lexicons/' },
  args,
  async run({ args: { root, json, ...rest } }) {
    refuseUnknown(rest, args)
    const start = performance.now()
    const { schemas } = await import('@atproto/api')
    const from = `@atproto/api ${packageVersion('@atproto/api')}`
    const changes = importLexicons(root, schemas, from)
    if (json) {
      printJson({ from, changes })
      return
    }
    for (const { nsid, change, edited } of changes) {
      const note =
        change === 'kept'
          ? `${lexiconPath(nsid)} is not from an import, so it stays as it is`
          : edited
            ? 'had been edited here'
            : ''
      console.log(changeLine(change, nsid, note))
    }
    if (changes.length === 0) return
    console.log(
      `${count(changes.length, 'lexicon')}: ${countChanges(changes)} (${from}, ${seconds(start)})`,
    )
  },
})
