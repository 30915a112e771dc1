import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createAccount'
import { newcomer } from '#src/server/auth/policy.ts'
import { createAccountLimits } from '#src/server/limits/policy.ts'
import { createAccount } from '#src/services/accounts/create.ts'
import { sessionTokens } from '#src/services/accounts/session-view.ts'

/**
 * Makes an account. Without `did` it gets a new did:plc. With the did:web of a handle of this host, that is
 * what it gets. Any other DID is moved here, which takes a service token of the account's.
 */
export default define({
  auth: newcomer,
  limits: createAccountLimits,
  async handler({ input, auth, app }) {
    if (input.plcOp !== undefined) throw new InvalidRequestError('Unsupported input: "plcOp"')
    const { account, session } = await createAccount(app, input, auth)
    const tokens = await sessionTokens(app, account.did, session)
    return { ...tokens, did: account.did, handle: account.handle }
  },
})
