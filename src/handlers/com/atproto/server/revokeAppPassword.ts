import { define } from '#lex/com/atproto/server/revokeAppPassword'
import { session } from '#src/server/auth/policy.ts'

/** Removes an app password and ends the sessions that it opened, at once. */
export default define({
  auth: session,
  oauth: 'never',
  async handler({ input, auth, services }) {
    await services.account(auth.did).passwords.removeAppPassword(input.name.trim())
  },
})
