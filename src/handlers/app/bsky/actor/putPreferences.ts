import { define } from '#lex/app/bsky/actor/putPreferences'
import { hasFullAccess, writePreferences } from '#src/accounts/preferences.ts'
import { session } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: session,
  async handler({ input, auth, app }) {
    const preferences = writePreferences(input.preferences, auth.scope)
    unwrap(await app.account(auth.did).setPreferences(preferences, hasFullAccess(auth.scope)))
  },
})
