import { define, errors } from '#lex/com/atproto/server/confirmEmail'
import { typedText } from '#src/kernel/typed-text.ts'
import { sessionEvenQueued } from '#src/server/auth/policy.ts'

export default define({
  auth: sessionEvenQueued,
  oauth: { account: 'email', action: 'manage' },
  async handler({ input, auth, services }) {
    const email = typedText(input.email).toLowerCase()
    const account = await services.mail.readAddress(auth.did)
    if (account.email !== email) throw errors.InvalidEmail('invalid email')
    await services.mail.consumeToken('confirm_email', input.token, auth.did)
    const confirmed = await services.account(auth.did).email.confirm(email)
    if (!confirmed) throw errors.InvalidEmail('invalid email')
  },
})
