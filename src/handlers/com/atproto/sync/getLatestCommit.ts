import { define } from '#lex/com/atproto/sync/getLatestCommit'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, services }) {
    const { did } = await services.accounts.get(params.did)
    return await services.account(did).repository.latestCommit(mayReadPrivate(auth, did))
  },
})
