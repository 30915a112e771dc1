import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createAppPassword'
import { makeAppPassword } from '#src/auth/app-password.ts'
import { fullSession } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  async handler({ input, auth, app }) {
    const name = input.name.trim()
    if (name === '' || name.length > 100) {
      throw new InvalidRequestError('The name of an app password has 1 to 100 characters')
    }
    const password = makeAppPassword()
    const added = unwrap(
      await app.account(auth.did).addAppPassword(name, password, input.privileged ?? false),
    )
    return { ...added, password }
  },
})
