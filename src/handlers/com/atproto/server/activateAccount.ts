import { define } from '#lex/com/atproto/server/activateAccount'
import { fullSession } from '#src/server/auth/policy.ts'
import { assertIdentity } from '#src/services/accounts/identity-check.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Switches the account on, provided that its DID document says that it lives here. */
export default define({
  auth: fullSession,
  async handler({ auth, app }) {
    await assertIdentity(app, auth.did)
    unwrap(await app.account(auth.did).activate())
  },
})
