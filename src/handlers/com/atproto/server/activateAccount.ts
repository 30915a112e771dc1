import { define } from '#lex/com/atproto/server/activateAccount'
import { assertIdentity } from '#src/accounts/identity-check.ts'
import { fullSession } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** Switches the account on, provided that its DID document says that it lives here. */
export default define({
  auth: fullSession,
  async handler({ auth, app }) {
    await assertIdentity(app, auth.did)
    unwrap(await app.account(auth.did).activate())
  },
})
