import { define } from '#lex/com/atproto/sync/getBlocks'
import { seesAll } from '#src/accounts/sees-all.ts'
import { viewer } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { carResponse } from '#src/records/car-response.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).getBlocks(params.cids, seesAll(auth, did))))
  },
})
