import { define } from '#lex/app/bsky/actor/getPreferences'
import { readPreferences } from '#src/accounts/preferences.ts'
import { sessionEvenTakendown } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: sessionEvenTakendown,
  async handler({ auth, app }) {
    const stored = unwrap(await app.account(auth.did).getPreferences(true))
    return { preferences: readPreferences(stored, auth.scope) }
  },
})
