import { define } from '#lex/com/atproto/identity/updateHandle'
import { updateHandleLimits } from '#src/context/limits/policy.ts'
import { session } from '#src/server/auth/policy.ts'

export default define({
  auth: session,
  oauth: { identity: 'handle' },
  limits: updateHandleLimits,
  async handler({ input, auth, services }) {
    await services.accounts.changeHandle(auth.did, input.handle)
  },
})
