import { define } from '#lex/com/atproto/identity/resolveIdentity'
import { anyone } from '#src/server/auth/policy.ts'

/** DID, document and handle of somebody, with the handle checked in both directions. */
export default define({
  auth: anyone,
  handler: ({ params, services }) => services.identity.identify(params.identifier),
})
