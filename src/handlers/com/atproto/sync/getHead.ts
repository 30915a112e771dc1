import { define } from '#lex/com/atproto/sync/getHead'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** The deprecated form of getLatestCommit. */
export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    const { cid } = unwrap(await app.account(did).latestCommit(seesAll(auth, did)))
    return { root: cid }
  },
})
