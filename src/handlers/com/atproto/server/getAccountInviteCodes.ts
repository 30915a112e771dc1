import { define } from '#lex/com/atproto/server/getAccountInviteCodes'
import { fullSession } from '#src/server/auth/policy.ts'
import { isOpen } from '#src/storage/directory/invite-code.ts'
import { MAX_UNUSED_CODES } from '#src/storage/directory/invite-schedule.ts'

/** The caller's codes; those that it has earned since it last asked are made now. */
export default define({
  auth: fullSession,
  async handler({ params: { createAvailable, includeUsed }, auth, services }) {
    const { inviteInterval: interval, inviteEpoch: epoch } = services.config
    if (createAvailable && interval !== undefined) {
      const fresh = services.accounts.makeInviteCodes(MAX_UNUSED_CODES)
      await services.directory.invites.addEarned(auth.did, { interval, epoch }, fresh)
    }
    const codes = await services.directory.invites.ofAccount(auth.did)
    return { codes: codes.filter((code) => isOpen(code) || (includeUsed && !code.disabled)) }
  },
})
