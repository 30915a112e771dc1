import { define } from '#lex/com/atproto/identity/refreshIdentity'
import { anyone } from '#src/server/auth/policy.ts'
import { refreshIdentityLimits } from '#src/server/limits/policy.ts'

/** As `resolveIdentity`, but asks the network now. Each call costs two or three requests: to be limited. */
export default define({
  auth: anyone,
  limits: refreshIdentityLimits,
  handler: ({ input, app }) => app.identity.identify(input.identifier, { fresh: true }),
})
