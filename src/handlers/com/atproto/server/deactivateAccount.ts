import { define } from '#lex/com/atproto/server/deactivateAccount'
import { fullSessionEvenTakendown } from '#src/server/auth/policy.ts'
import { endDelegations } from '#src/services/accounts/end-delegations.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Switches the account off. `deleteAfter` is noted; nothing is deleted without its owner asking. */
export default define({
  auth: fullSessionEvenTakendown,
  oauth: { account: 'status', action: 'manage' },
  async handler({ input, auth, app }) {
    unwrap(await app.account(auth.did).deactivate(input.deleteAfter ?? null))
    // What an app can switch off, it shall not go on acting for.
    if (auth.type === 'oauth') await endDelegations(app, auth.did)
  },
})
