import { define } from '#lex/com/atproto/sync/getLatestCommit'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    return unwrap(await app.account(did).latestCommit())
  },
})
