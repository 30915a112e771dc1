import { define } from '#lex/com/atproto/sync/getRepo'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, services }) {
    const { did } = await services.accounts.get(params.did)
    return carResponse(
      await services.account(did).repository.exportCar(params.since, mayReadPrivate(auth, did)),
    )
  },
})
