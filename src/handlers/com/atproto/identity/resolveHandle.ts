import { define, errors } from '#lex/com/atproto/identity/resolveHandle'
import { anyone } from '#src/auth/policy.ts'

/** Knows the handles of this host. */
export default define({
  auth: anyone,
  async handler({ params, app }) {
    const resident = await app.directory.find('handle', params.handle)
    if (!resident) throw errors.HandleNotFound('Unable to resolve handle')
    return { did: resident.did }
  },
})
