import { define } from '#lex/com/atproto/server/activateAccount'
import { fullSession } from '#src/server/auth/policy.ts'

/** Switches the account on, provided that its DID document says that it lives here. */
export default define({
  auth: fullSession,
  async handler({ auth, services }) {
    await services.accounts.assertIdentity(auth.did)
    await services.account(auth.did).lifecycle.activate()
  },
})
