import { define, errors } from '#lex/com/atproto/server/confirmEmail'
import { session } from '#src/server/auth/policy.ts'
import { readAddress } from '#src/services/mail/address.ts'
import { consumeToken } from '#src/services/mail/tokens.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: session,
  oauth: { account: 'email', action: 'manage' },
  async handler({ input, auth, app }) {
    const email = input.email.trim().toLowerCase()
    const account = await readAddress(app, auth.did)
    if (account.email !== email) throw errors.InvalidEmail('invalid email')
    await consumeToken(app, 'confirm_email', input.token, auth.did)
    const confirmed = unwrap(await app.account(auth.did).confirmEmail(email))
    if (!confirmed) throw errors.InvalidEmail('invalid email')
  },
})
