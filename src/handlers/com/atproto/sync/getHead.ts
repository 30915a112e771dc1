import { define } from '#lex/com/atproto/sync/getHead'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** The deprecated form of getLatestCommit. */
export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    const { cid } = unwrap(await app.account(did).latestCommit())
    return { root: cid }
  },
})
