import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/deleteAccount'
import { deleteAccountLimits } from '#src/context/limits/policy.ts'
import type { Services } from '#src/context/services.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { failSlowly, MAX_TRIED_LENGTH } from '#src/services/accounts/passwords.ts'
import { unlessRefused } from '#src/services/objects/result.ts'

/** Deletes an account; it takes its main password and the token that was mailed. */
export default define({
  auth: anyone,
  limits: deleteAccountLimits,
  async handler({ input: { did, password, token }, services }) {
    const started = Date.now()
    if (!(await isPasswordOf(services, did, password))) {
      await failSlowly(started)
      throw new AuthRequiredError('Invalid did or password')
    }
    await services.mail.consumeToken('delete_account', token, did)
    await services.account(did).lifecycle.destroy()
    // A background job of the account does this too, should it fail here; so the names are free at once.
    await services.directory.accounts.remove(did)
  },
})

async function isPasswordOf(services: Services, did: string, password: string): Promise<boolean> {
  if (password.length > MAX_TRIED_LENGTH) return false
  // Asked first, since an object comes into being by being called.
  if (!(await services.directory.accounts.find('did', did))) return false
  // Refused where somebody else has just deleted it.
  return (await unlessRefused(services.account(did).passwords.verify(password))) ?? false
}
