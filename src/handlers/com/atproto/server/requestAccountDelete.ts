import { define } from '#lex/com/atproto/server/requestAccountDelete'
import { mailLimits } from '#src/context/limits/policy.ts'
import { fullSessionEvenQueued } from '#src/server/auth/policy.ts'

export default define({
  auth: fullSessionEvenQueued,
  limits: mailLimits,
  async handler({ auth, services }) {
    await services.mail.sendToken(auth.did, 'delete_account')
  },
})
