import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/deleteAccount'
import { deleteAccountLimits, signInLimits } from '#src/context/limits/policy.ts'
import { anyone } from '#src/server/auth/policy.ts'

/** Deletes an account; it takes its main password and the token that was mailed. */
export default define({
  auth: anyone,
  limits: [...deleteAccountLimits, ...signInLimits],
  async handler({ input: { did, password, token }, services }) {
    const owner = await services.accounts.tryPassword({ identifier: did, password }, (found) =>
      services.account(found).passwords.verify(password),
    )
    if (!owner) throw new AuthRequiredError('Invalid did or password')
    await services.mail.findToken('delete_account', token, did)
    // The token goes with the names.
    await services.accounts.delete(did)
  },
})
