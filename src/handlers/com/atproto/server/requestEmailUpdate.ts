import { define } from '#lex/com/atproto/server/requestEmailUpdate'
import { fullSession } from '#src/server/auth/policy.ts'
import { mailLimits } from '#src/server/limits/policy.ts'
import { readAddress } from '#src/services/mail/address.ts'
import { sendToken } from '#src/services/mail/tokens.ts'

/** An account without an address needs no token either, where the reference refuses to give it one. */
export default define({
  auth: fullSession,
  limits: mailLimits,
  async handler({ auth, app }) {
    const { emailConfirmedAt } = await readAddress(app, auth.did)
    const tokenRequired = emailConfirmedAt !== null
    if (tokenRequired) await sendToken(app, auth.did, 'update_email')
    return { tokenRequired }
  },
})
