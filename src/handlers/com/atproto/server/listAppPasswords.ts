import { define } from '#lex/com/atproto/server/listAppPasswords'
import { session } from '#src/server/auth/policy.ts'

export default define({
  auth: session,
  oauth: 'never',
  async handler({ auth, services }) {
    return { passwords: await services.account(auth.did).passwords.listAppPasswords() }
  },
})
