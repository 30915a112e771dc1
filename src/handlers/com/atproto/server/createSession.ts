import { AuthRequiredError, XRPCError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createSession'
import { signInLimits } from '#src/context/limits/policy.ts'
import type { Services } from '#src/context/services.ts'
import type { OpenedSession } from '#src/contracts/account/lifecycle.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'

/**
 * Signs in with a handle, DID or e-mail address, and a password or app password. With the main password,
 * accounts may ask for a code too, which is mailed now if it is to come by mail.
 */
export default define({
  auth: anyone,
  limits: signInLimits,
  async handler({ input, services }) {
    const { identifier, password, allowTakendown, authFactorToken: code } = input
    const opened = await services.accounts.tryPassword(
      { identifier, password, apps: true },
      (did) => openSession(services, did, password, { allowTakendown, code }),
    )
    if (!opened) throw new AuthRequiredError('Invalid identifier or password')
    const { account, session } = opened.result
    if (session.appPassword === null) services.mail.welcomeApp(account.did, { isNew: true })
    const tokens = await services.accounts.issueTokens(account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})

async function openSession(
  services: Services,
  did: string,
  password: string,
  options: { allowTakendown?: boolean; code?: string },
): Promise<OpenedSession | null> {
  try {
    return await services.account(did).sessions.open(password, options)
  } catch (error) {
    const name = error instanceof XRPCError ? error.customErrorName : undefined
    if (name === 'AuthFactorTokenRequired') await services.mailedCodes.send(did)
    throw error
  }
}
