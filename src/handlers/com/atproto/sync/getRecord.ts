import { define } from '#lex/com/atproto/sync/getRecord'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'
import { assertCollection } from '#src/services/records/collection.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, services }) {
    assertCollection(params.collection)
    const { did } = await services.accounts.get(params.did)
    return carResponse(
      await services
        .account(did)
        .repository.proveRecord(params.collection, params.rkey, mayReadPrivate(auth, did)),
    )
  },
})
