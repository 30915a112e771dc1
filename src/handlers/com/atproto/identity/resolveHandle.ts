import { define, errors } from '#lex/com/atproto/identity/resolveHandle'
import { anyone } from '#src/server/auth/policy.ts'

/**
 * The DID behind a handle, of this host or any other; whether the DID agrees is not checked. What cannot be found out
 * from here the AppView may know.
 */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { handle } = params
    const did =
      (await services.identity.handle(handle, { activeOnly: true })) ??
      (await services.identity.handleByAppView(handle))
    if (did === undefined) throw errors.HandleNotFound('Unable to resolve handle')
    return { did }
  },
})
