import { define } from '#lex/com/atproto/identity/resolveDid'
import { anyone } from '#src/server/auth/policy.ts'

/** The document of a DID; whether its handle is true is not checked. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    return { didDoc: await services.identity.did(params.did) }
  },
})
