import { define } from '#lex/com/atproto/identity/updateHandle'
import { session } from '#src/server/auth/policy.ts'
import { updateHandleLimits } from '#src/server/limits/policy.ts'
import { changeHandle } from '#src/services/accounts/change-handle.ts'

export default define({
  auth: session,
  oauth: { identity: 'handle' },
  limits: updateHandleLimits,
  async handler({ input, auth, app }) {
    await changeHandle(app, auth.did, input.handle)
  },
})
