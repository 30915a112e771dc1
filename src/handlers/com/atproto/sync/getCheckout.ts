import { define } from '#lex/com/atproto/sync/getCheckout'
import { seesAll } from '#src/accounts/sees-all.ts'
import { viewer } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { carResponse } from '#src/records/car-response.ts'

/** The deprecated name of getRepo without `since`. */
export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return carResponse(unwrap(await app.account(did).exportRepo(undefined, seesAll(auth, did))))
  },
})
