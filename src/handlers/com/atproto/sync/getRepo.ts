import { define } from '#lex/com/atproto/sync/getRepo'
import { accountTag, knownStates } from '#src/kernel/entity-tag.ts'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'
import { NotModified } from '#src/server/xrpc/json-text.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, ifNoneMatch, services }) {
    const { did } = await services.accounts.get(params.did)
    const known = knownStates(ifNoneMatch, did, did)
    const { rev, car } = await services
      .account(did)
      .repository.exportUnlessKnown(known, params.since, mayReadPrivate(auth, did))
    const etag = accountTag(did, did, rev)
    return car ? carResponse(car, etag) : new NotModified(etag)
  },
})
