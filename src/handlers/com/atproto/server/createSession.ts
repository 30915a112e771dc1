import { AuthRequiredError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createSession'
import { sessionTokens, sessionView } from '#src/accounts/session-view.ts'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** How long a failed attempt takes at least, in ms: whether a name is known must not show in the time. */
const MIN_FAILURE_TIME = 350

/** Longer passwords are wrong without being hashed. */
const MAX_PASSWORD_LENGTH = 512

export default define({
  auth: anyone,
  async handler({ input, app }) {
    const started = Date.now()
    const identifier = input.identifier.trim().toLowerCase()
    const resident = await (identifier.includes('@')
      ? app.directory.find('email', identifier)
      : app.findResident(identifier))
    const opened =
      resident && input.password.length <= MAX_PASSWORD_LENGTH
        ? unwrap(
            await app
              .account(resident.did)
              .openSession(input.password, { allowTakendown: input.allowTakendown }),
          )
        : null
    if (!opened) {
      await scheduler.wait(started + MIN_FAILURE_TIME - Date.now())
      throw new AuthRequiredError('Invalid identifier or password')
    }
    const { account, session } = opened
    const tokens = await sessionTokens(app, account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})
