import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createSession'
import type { App } from '#src/app.ts'
import type { OpenedSession } from '#src/durable/account/sign-in.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { signInLimits } from '#src/server/limits/policy.ts'
import { findByIdentifier } from '#src/services/accounts/identifier.ts'
import { failSlowly, MAX_TRIED_LENGTH } from '#src/services/accounts/passwords.ts'
import { sessionTokens, sessionView } from '#src/services/accounts/session-view.ts'
import { mailSignInCode } from '#src/services/factors/email-code.ts'
import { unwrap } from '#src/services/objects/result.ts'

/**
 * Signs in with a handle, DID or e-mail address, and a password or app password. With the main password,
 * accounts may ask for a code too, which is mailed now if it is to come by mail.
 */
export default define({
  auth: anyone,
  limits: signInLimits,
  async handler({ input, app }) {
    const started = Date.now()
    const { password, allowTakendown, authFactorToken: code } = input
    const opened =
      password.length <= MAX_TRIED_LENGTH
        ? await openSession(app, input.identifier, password, { allowTakendown, code })
        : null
    if (!opened) {
      await failSlowly(started)
      throw new AuthRequiredError('Invalid identifier or password')
    }
    const { account, session } = opened
    const tokens = await sessionTokens(app, account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})

async function openSession(
  app: App,
  identifier: string,
  password: string,
  options: { allowTakendown?: boolean; code?: string },
): Promise<OpenedSession | null> {
  const resident = await findByIdentifier(app, identifier)
  if (!resident) return null
  const outcome = await app.account(resident.did).openSession(password, options)
  if (!outcome.ok) {
    const { name } = outcome.refused
    // An account that was deleted a moment ago is as good as unknown.
    if (name === 'RepoNotFound') return null
    if (name === 'AuthFactorTokenRequired') await mailSignInCode(app, resident.did)
  }
  return unwrap(outcome)
}
