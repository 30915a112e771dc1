import { define } from '#lex/com/atproto/sync/getRecord'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(
      unwrap(
        await app.account(did).proveRecord(params.collection, params.rkey, seesAll(auth, did)),
      ),
    )
  },
})
