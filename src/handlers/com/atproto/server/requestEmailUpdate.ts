import { define } from '#lex/com/atproto/server/requestEmailUpdate'
import { mailLimits } from '#src/context/limits/policy.ts'
import { fullSessionEvenQueued } from '#src/server/auth/policy.ts'

/** An account without an address needs no token either, where the reference refuses to give it one. */
export default define({
  auth: fullSessionEvenQueued,
  limits: mailLimits,
  async handler({ auth, services }) {
    const { emailConfirmedAt } = await services.mail.readAddress(auth.did)
    const tokenRequired = emailConfirmedAt !== null
    if (tokenRequired) await services.mail.sendToken(auth.did, 'update_email')
    return { tokenRequired }
  },
})
