import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createSession'
import { failSlowly, MAX_TRIED_LENGTH } from '#src/accounts/passwords.ts'
import { sessionTokens, sessionView } from '#src/accounts/session-view.ts'
import type { App } from '#src/app.ts'
import { anyone } from '#src/auth/policy.ts'
import type { OpenedSession } from '#src/durable/account/sign-in.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { signInLimits } from '#src/limits/policy.ts'

/** Signs in with a handle, DID or e-mail address, and a password or app password. */
export default define({
  auth: anyone,
  limits: signInLimits,
  async handler({ input, app }) {
    const started = Date.now()
    const { password, allowTakendown } = input
    const opened =
      password.length <= MAX_TRIED_LENGTH
        ? await openSession(app, input.identifier, password, { allowTakendown })
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
  input: string,
  password: string,
  options: { allowTakendown?: boolean },
): Promise<OpenedSession | null> {
  const identifier = input.trim().toLowerCase()
  const resident = await (identifier.includes('@')
    ? app.directory.find('email', identifier)
    : app.findResident(identifier))
  if (!resident) return null
  const outcome = await app.account(resident.did).openSession(password, options)
  // An account that was deleted a moment ago is as good as unknown.
  if (!outcome.ok && outcome.refused.name === 'RepoNotFound') return null
  return unwrap(outcome)
}
