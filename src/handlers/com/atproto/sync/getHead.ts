import { define } from '#lex/com/atproto/sync/getHead'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'

/** The deprecated form of getLatestCommit. */
export default define({
  auth: viewer,
  async handler({ params, auth, services }) {
    const { did } = await services.accounts.get(params.did)
    const { cid } = await services.account(did).repository.latestCommit(mayReadPrivate(auth, did))
    return { root: cid }
  },
})
