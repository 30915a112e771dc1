import { define, errors } from '#lex/com/atproto/identity/resolveHandle'
import { anyone } from '#src/server/auth/policy.ts'

/** The DID behind a handle, of this host or any other; whether the DID agrees is not checked. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const did = await services.identity.handle(params.handle)
    if (did === undefined) throw errors.HandleNotFound('Unable to resolve handle')
    return { did }
  },
})
