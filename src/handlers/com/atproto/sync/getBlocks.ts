import { define } from '#lex/com/atproto/sync/getBlocks'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, services }) {
    const { did } = await services.accounts.get(params.did)
    return carResponse(
      await services.account(did).repository.getBlocks(params.cids, mayReadPrivate(auth, did)),
    )
  },
})
