import { define } from '#lex/com/atproto/server/deactivateAccount'
import { fullSessionEvenTakendown } from '#src/server/auth/policy.ts'

/** Switches the account off. `deleteAfter` is noted; nothing is deleted without its owner asking. */
export default define({
  auth: fullSessionEvenTakendown,
  oauth: { account: 'status', action: 'manage' },
  async handler({ input, auth, services }) {
    await services.account(auth.did).lifecycle.deactivate(input.deleteAfter ?? null)
    // What an app can switch off, it shall not go on acting for.
    if (auth.type === 'oauth') await services.accounts.revokeDelegations(auth.did)
  },
})
