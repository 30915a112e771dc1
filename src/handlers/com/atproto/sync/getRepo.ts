import { define } from '#lex/com/atproto/sync/getRepo'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).exportRepo(params.since, seesAll(auth, did))))
  },
})
