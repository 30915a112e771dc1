import { define } from '#lex/com/atproto/sync/getCheckout'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'

/** The deprecated name of getRepo without `since`. */
export default define({
  auth: viewer,
  async handler({ params, auth, services }) {
    const { did } = await services.accounts.get(params.did)
    return carResponse(
      await services.account(did).repository.exportCar(undefined, mayReadPrivate(auth, did)),
    )
  },
})
