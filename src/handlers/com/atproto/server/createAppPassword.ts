import { define } from '#lex/com/atproto/server/createAppPassword'
import { fullSession } from '#src/server/auth/policy.ts'
import { addAppPassword } from '#src/services/accounts/make-app-password.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  handler: ({ input, auth, app }) =>
    addAppPassword(app, auth.did, input.name, input.privileged ?? false),
})
