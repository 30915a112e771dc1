import { defineCommand } from 'citty'
import { importLexicons } from '../import-lexicons.ts'
import { projectRoot } from '../layout.ts'
import { packageVersion } from '../packages.ts'

export default defineCommand({
  meta: { name: 'import', description: 'Write the lexicons of @atproto/api to lexicons/' },
  async run() {
    const { schemas } = await import('@atproto/api')
    const r = importLexicons(projectRoot, schemas, `@atproto/api ${packageVersion('@atproto/api')}`)
    console.log(r.length)
  },
})
