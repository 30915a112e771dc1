import { define } from '#lex/com/atproto/server/revokeAppPassword'
import { session } from '#src/server/auth/policy.ts'

/** Removes an app password and ends the sessions that it opened, at once. */
export default define({
  auth: session,
  async handler({ input, auth, app }) {
    await app.account(auth.did).removeAppPassword(input.name)
  },
})
