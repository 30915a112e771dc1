import { define } from '#lex/com/atproto/server/resetPassword'
import { checkPassword } from '#src/accounts/passwords.ts'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { resetPasswordLimits } from '#src/limits/policy.ts'
import { consumeToken } from '#src/mail/tokens.ts'

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
