import { define } from '#lex/com/atproto/server/getAccountInviteCodes'
import { fullSession } from '#src/server/auth/policy.ts'
import { MOST_OPEN } from '#src/storage/directory/invite-allowance.ts'
import { isOpen } from '#src/storage/directory/invite-code.ts'

/** The caller's codes; those that it has earned since it last asked are made now. */
export default define({
  auth: fullSession,
  async handler({ params: { createAvailable, includeUsed }, auth, services }) {
    const { inviteInterval: interval, inviteEpoch: epoch } = services.config
    if (createAvailable && interval !== undefined) {
      const fresh = services.accounts.makeInviteCodes(MOST_OPEN)
      await services.directory.invites.addEarned(auth.did, { interval, epoch }, fresh)
    }
    const codes = await services.directory.invites.ofAccount(auth.did)
    return { codes: codes.filter((code) => isOpen(code) || (includeUsed && !code.disabled)) }
  },
})
