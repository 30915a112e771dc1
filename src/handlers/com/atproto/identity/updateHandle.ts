import { define } from '#lex/com/atproto/identity/updateHandle'
import { changeHandle } from '#src/accounts/change-handle.ts'
import { session } from '#src/auth/policy.ts'
import { updateHandleLimits } from '#src/limits/policy.ts'

export default define({
  auth: session,
  oauth: { identity: 'handle' },
  limits: updateHandleLimits,
  async handler({ input, auth, app }) {
    await changeHandle(app, auth.did, input.handle)
  },
})
