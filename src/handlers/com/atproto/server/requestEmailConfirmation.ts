import { define } from '#lex/com/atproto/server/requestEmailConfirmation'
import { session } from '#src/server/auth/policy.ts'
import { mailLimits } from '#src/server/limits/policy.ts'
import { sendToken } from '#src/services/mail/tokens.ts'

export default define({
  auth: session,
  oauth: { account: 'email', action: 'manage' },
  limits: mailLimits,
  async handler({ auth, app }) {
    await sendToken(app, auth.did, 'confirm_email')
  },
})
