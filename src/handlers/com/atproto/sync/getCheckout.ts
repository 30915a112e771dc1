import { define } from '#lex/com/atproto/sync/getCheckout'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { carResponse } from '#src/server/car-response.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** The deprecated name of getRepo without `since`. */
export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).exportRepo(undefined, seesAll(auth, did))))
  },
})
