import { define } from '#lex/com/atproto/identity/refreshIdentity'
import { refreshIdentityLimits } from '#src/context/limits/policy.ts'
import { anyone } from '#src/server/auth/policy.ts'

/** As `resolveIdentity`, but asks the network now. Each call costs two or three requests: to be limited. */
export default define({
  auth: anyone,
  limits: refreshIdentityLimits,
  handler: ({ input, services }) =>
    services.identity.identify(input.identifier, { fresh: true, onNetwork: true }),
})
