import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/updateAccountEmail'
import { admin } from '#src/server/auth/policy.ts'
import { checkEmail } from '#src/services/accounts/email-address.ts'

/** The new address is not confirmed. */
export default define({
  auth: admin,
  async handler({ input, services }) {
    const account = await services.accounts.find(input.account)
    if (!account) throw new InvalidRequestError(`Account does not exist: ${input.account}`)
    await services.mail.changeAddress(account.did, checkEmail(input.email))
  },
})
