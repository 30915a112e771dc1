import { define } from '#lex/com/atproto/server/resetPassword'
import { resetPasswordLimits } from '#src/context/limits/policy.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { checkPassword } from '#src/services/accounts/passwords.ts'

/** Sets the password of whoever the token was mailed to, and signs them out everywhere. */
export default define({
  auth: anyone,
  limits: resetPasswordLimits,
  async handler({ input, services }) {
    await services.mail.resetPassword(input.token, checkPassword(input.password))
  },
})
