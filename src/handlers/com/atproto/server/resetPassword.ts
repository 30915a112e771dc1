import { define } from '#lex/com/atproto/server/resetPassword'
import { anyone } from '#src/server/auth/policy.ts'
import { resetPasswordLimits } from '#src/server/limits/policy.ts'
import { checkPassword } from '#src/services/accounts/passwords.ts'
import { consumeToken } from '#src/services/mail/tokens.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Sets the password of whoever the token was mailed to, and signs them out everywhere. */
export default define({
  auth: anyone,
  limits: resetPasswordLimits,
  async handler({ input, app }) {
    // Before the token is used up, which a password that is too short shall not cost.
    const password = checkPassword(input.password)
    const did = await consumeToken(app, 'reset_password', input.token)
    unwrap(await app.account(did).setPassword(password))
  },
})
