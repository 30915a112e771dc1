import { define } from '#lex/com/atproto/server/createAppPassword'
import { fullSession } from '#src/server/auth/policy.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  handler: ({ input, auth, services }) =>
    services.accounts.addAppPassword(auth.did, input.name, input.privileged ?? false),
})
