import { define } from '#lex/com/atproto/server/reserveSigningKey'
import { anyone } from '#src/server/auth/policy.ts'
import { reserveKeyLimits } from '#src/server/limits/policy.ts'
import { reserveKey } from '#src/services/accounts/reserve-key.ts'

/** Lets a DID document name the key of an account before there is the account. */
export default define({
  auth: anyone,
  limits: reserveKeyLimits,
  async handler({ input, app }) {
    return { signingKey: await reserveKey(app, input.did) }
  },
})
