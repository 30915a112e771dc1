import { define } from '#lex/com/atproto/sync/getRepo'
import { seesAll } from '#src/accounts/sees-all.ts'
import { viewerEvenTakendown } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { carResponse } from '#src/records/car-response.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).exportRepo(params.since, seesAll(auth, did))))
  },
})
