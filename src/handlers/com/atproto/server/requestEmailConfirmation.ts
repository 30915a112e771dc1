import { define } from '#lex/com/atproto/server/requestEmailConfirmation'
import { mailLimits } from '#src/context/limits/policy.ts'
import { sessionEvenQueued } from '#src/server/auth/policy.ts'

export default define({
  auth: sessionEvenQueued,
  oauth: { account: 'email', action: 'manage' },
  limits: mailLimits,
  async handler({ auth, services }) {
    await services.mail.sendToken(auth.did, 'confirm_email')
  },
})
