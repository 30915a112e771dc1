import { define } from '#lex/com/atproto/sync/getRepo'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { carResponse } from '#src/records/car-response.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).exportRepo(params.since)))
  },
})
