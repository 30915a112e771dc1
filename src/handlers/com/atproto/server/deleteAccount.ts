import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/deleteAccount'
import type { App } from '#src/app.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { deleteAccountLimits } from '#src/server/limits/policy.ts'
import { failSlowly, MAX_TRIED_LENGTH } from '#src/services/accounts/passwords.ts'
import { consumeToken } from '#src/services/mail/tokens.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Deletes an account; it takes its main password and the token that was mailed. */
export default define({
  auth: anyone,
  limits: deleteAccountLimits,
  async handler({ input: { did, password, token }, app }) {
    const started = Date.now()
    if (!(await isPasswordOf(app, did, password))) {
      await failSlowly(started)
      throw new AuthRequiredError('Invalid did or password')
    }
    await consumeToken(app, 'delete_account', token, did)
    unwrap(await app.account(did).destroy())
    // The account's alarm does this too, should it fail here; so the names are free at once.
    await app.directory.remove(did)
  },
})

async function isPasswordOf(app: App, did: string, password: string): Promise<boolean> {
  if (password.length > MAX_TRIED_LENGTH) return false
  // Asked first, since an object comes into being by being called.
  if (!(await app.directory.find('did', did))) return false
  const checked = await app.account(did).checkPassword(password)
  // Refused where somebody else has just deleted it.
  return checked.ok && checked.value
}
