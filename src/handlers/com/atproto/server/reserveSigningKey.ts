import { define } from '#lex/com/atproto/server/reserveSigningKey'
import { reserveKeyLimits } from '#src/context/limits/policy.ts'
import { anyone } from '#src/server/auth/policy.ts'

/** Lets a DID document name the key of an account before there is the account. */
export default define({
  auth: anyone,
  limits: reserveKeyLimits,
  async handler({ input, services }) {
    return { signingKey: await services.accounts.reserveSigningKey(input.did) }
  },
})
