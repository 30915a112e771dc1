import { define } from '#lex/com/atproto/sync/getRecord'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { carResponse } from '#src/records/car-response.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).proveRecord(params.collection, params.rkey)))
  },
})
