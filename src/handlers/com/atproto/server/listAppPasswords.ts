import { define } from '#lex/com/atproto/server/listAppPasswords'
import { session } from '#src/server/auth/policy.ts'

export default define({
  auth: session,
  async handler({ auth, app }) {
    return { passwords: await app.account(auth.did).listAppPasswords() }
  },
})
