import { define } from '#lex/com/atproto/server/createAppPassword'
import { addAppPassword } from '#src/accounts/make-app-password.ts'
import { fullSession } from '#src/auth/policy.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  handler: ({ input, auth, app }) =>
    addAppPassword(app, auth.did, input.name, input.privileged ?? false),
})
