import { define } from '#lex/com/atproto/sync/getHead'
import { seesAll } from '#src/accounts/sees-all.ts'
import { viewer } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** The deprecated form of getLatestCommit. */
export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    const { cid } = unwrap(await app.account(did).latestCommit(seesAll(auth, did)))
    return { root: cid }
  },
})
