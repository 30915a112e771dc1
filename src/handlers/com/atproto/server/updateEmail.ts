import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/server/updateEmail'
import { checkEmail } from '#src/accounts/email-address.ts'
import { fullSession } from '#src/auth/policy.ts'
import { changeAddress, readAddress } from '#src/mail/address.ts'

export default define({
  auth: fullSession,
  async handler({ input, auth, app }) {
    // To say yes and do nothing would make people believe that their account is better protected.
    if (input.emailAuthFactor) {
      throw new InvalidRequestError('Sign-in codes by email are not supported on this host')
    }
    const email = checkEmail(input.email)
    const { emailConfirmedAt } = await readAddress(app, auth.did)
    const isConfirmed = emailConfirmedAt !== null
    if (isConfirmed && !input.token) throw errors.TokenRequired('confirmation token required')
    await changeAddress(app, auth.did, email, isConfirmed ? input.token : undefined)
  },
})
