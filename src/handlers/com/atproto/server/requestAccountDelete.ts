import { define } from '#lex/com/atproto/server/requestAccountDelete'
import { fullSession } from '#src/server/auth/policy.ts'
import { mailLimits } from '#src/server/limits/policy.ts'
import { sendToken } from '#src/services/mail/tokens.ts'

export default define({
  auth: fullSession,
  limits: mailLimits,
  async handler({ auth, app }) {
    await sendToken(app, auth.did, 'delete_account')
  },
})
