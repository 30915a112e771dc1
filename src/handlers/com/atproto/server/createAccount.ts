import { define, errors } from '#lex/com/atproto/server/createAccount'
import { createAccount } from '#src/accounts/create.ts'
import { sessionTokens } from '#src/accounts/session-view.ts'
import { admin } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** Registration is closed: the operator makes accounts. */
export default define({
  auth: admin,
  async handler({ input, app }) {
    if (input.did !== undefined)
      throw errors.IncompatibleDidDoc('Accounts cannot be moved here yet')
    if (input.password === undefined) throw errors.InvalidPassword('A password is required')
    const { handle, email, password } = input
    const { did } = await createAccount(app, { handle, email, password })
    const opened = unwrap(await app.account(did).openSession(password))
    if (!opened) throw errors.InvalidPassword('Could not sign in')
    const { account, session } = opened
    const tokens = await sessionTokens(app, did, session)
    return { ...tokens, did, handle: account.handle }
  },
})
