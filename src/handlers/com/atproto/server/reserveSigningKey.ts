import { define } from '#lex/com/atproto/server/reserveSigningKey'
import { reserveKey } from '#src/accounts/reserve-key.ts'
import { anyone } from '#src/auth/policy.ts'
import { reserveKeyLimits } from '#src/limits/policy.ts'

/** Lets a DID document name the key of an account before there is the account. */
export default define({
  auth: anyone,
  limits: reserveKeyLimits,
  async handler({ input, app }) {
    return { signingKey: await reserveKey(app, input.did) }
  },
})
