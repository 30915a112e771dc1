import { type ArgsDef, defineCommand } from 'citty'
import { EXIT } from '../errors.ts'
import { escapeControls } from '../escape-controls.ts'
import { failed } from '../generate.ts'
import type { RenameResult } from '../rename/rename.ts'
import { changeLine, count, printDiagnostics, printJson, seconds } from '../report.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = {
  from: {
    type: 'positional',
    required: true,
    description: 'The NSID of a lexicon, or a namespace: all that is below it',
  },
  to: { type: 'positional', required: true, description: 'The new one' },
  force: { type: 'boolean', description: 'Also where records have the old names in them' },
  'dry-run': { type: 'boolean', description: 'Show which files would change' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'rename',
    description: 'Rename a lexicon or a namespace, with handlers, references and imports',
  },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const start = performance.now()
    const { rename } = await import('../rename/rename.ts')
    const { from, to, force, root } = given
    const result = await rename(root, from, to, { force, dryRun: given['dry-run'] })
    const { renames, files, breaks, diagnostics, generated, tookBack } = result
    if (given.json) {
      const done = generated !== undefined
      printJson({ done, renames: Object.fromEntries(renames), files, breaks, diagnostics })
    } else {
      if (tookBack) console.log('an earlier rename was interrupted: it has been taken back')
      print(result, start)
    }
    printDiagnostics([...diagnostics, ...(generated?.diagnostics ?? [])])
    const refused = breaks.length > 0 && !force
    if (refused && !given['dry-run']) {
      for (const why of breaks) console.error(escapeControls(`breaking  ${why}`))
      console.error('nothing was renamed: --force does it, if no such records are there yet')
    }
    if (refused || diagnostics.length > 0 || (generated && failed(generated))) {
      process.exitCode = EXIT.found
    }
  },
})

function print({ renames, files, breaks, generated }: RenameResult, start: number): void {
  for (const { path, to, count: places } of files) {
    const note = places > 0 ? count(places, 'place') : ''
    console.log(changeLine('changed', to === undefined ? path : `${path} → ${to}`, note))
  }
  for (const { path, change } of generated?.changes ?? []) console.log(changeLine(change, path))
  for (const why of generated ? [] : breaks) console.log(escapeControls(`breaking  ${why}`))
  const what = `${count(renames.size, 'lexicon')}, ${count(files.length, 'file')}`
  console.log(generated ? `renamed ${what} (${seconds(start)})` : `${what}; nothing was written`)
}
