import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/server/updateEmail'
import { fullSessionEvenQueued } from '#src/server/auth/policy.ts'
import { assertLastingEmail } from '#src/services/accounts/disposable-email.ts'
import { checkEmail } from '#src/services/accounts/email-address.ts'

/**
 * Sets another address, or switches codes by mail on or off for the one there is. A new address is not
 * confirmed, so no codes are asked for until it is and its owner switches them on again.
 */
export default define({
  auth: fullSessionEvenQueued,
  async handler({ input, auth, services }) {
    const { emailAuthFactor, token } = input
    const email = checkEmail(input.email)
    const account = await services.mail.readAddress(auth.did)
    if (email !== account.email) await assertLastingEmail(email, services.config)
    if (email === account.email && emailAuthFactor !== undefined) {
      await services.mailedCodes.setEnabled(auth.did, emailAuthFactor, token)
      return
    }
    // To say yes and do nothing would make people believe that their account is better protected.
    if (emailAuthFactor) throw new InvalidRequestError('Confirm the new email address first')
    const isConfirmed = account.emailConfirmedAt !== null
    if (isConfirmed && !token) throw errors.TokenRequired('confirmation token required')
    await services.mail.changeAddress(auth.did, email, isConfirmed ? token : undefined)
  },
})
