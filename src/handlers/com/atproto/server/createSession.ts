import { AuthRequiredError, XRPCError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createSession'
import { signInLimits } from '#src/context/limits/policy.ts'
import type { Services } from '#src/context/services.ts'
import type { OpenedSession } from '#src/contracts/account/lifecycle.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { failSlowly, MAX_TRIED_LENGTH } from '#src/services/accounts/passwords.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'

/**
 * Signs in with a handle, DID or e-mail address, and a password or app password. With the main password,
 * accounts may ask for a code too, which is mailed now if it is to come by mail.
 */
export default define({
  auth: anyone,
  limits: signInLimits,
  async handler({ input, services }) {
    const started = Date.now()
    const { password, allowTakendown, authFactorToken: code } = input
    const opened =
      password.length <= MAX_TRIED_LENGTH
        ? await openSession(services, input.identifier, password, { allowTakendown, code })
        : null
    if (!opened) {
      await failSlowly(started)
      throw new AuthRequiredError('Invalid identifier or password')
    }
    const { account, session } = opened
    const tokens = await services.accounts.issueTokens(account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})

async function openSession(
  services: Services,
  identifier: string,
  password: string,
  options: { allowTakendown?: boolean; code?: string },
): Promise<OpenedSession | null> {
  const account = await services.accounts.findByIdentifier(identifier)
  if (!account) return null
  const { did } = account
  try {
    return await services.account(did).sessions.open(password, options)
  } catch (error) {
    const name = error instanceof XRPCError ? error.customErrorName : undefined
    // An account that was deleted a moment ago is as good as unknown.
    if (name === 'RepoNotFound') return null
    if (name === 'AuthFactorTokenRequired') await services.mailedCodes.send(did)
    throw error
  }
}
