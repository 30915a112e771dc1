import { define } from '#lex/com/atproto/server/getAccountInviteCodes'
import { fullSession } from '#src/server/auth/policy.ts'
import { makeInviteCodes } from '#src/services/accounts/invite-codes.ts'
import { MOST_OPEN } from '#src/storage/directory/invite-allowance.ts'
import { isOpen } from '#src/storage/directory/invite-code.ts'

/** The caller's codes; those that it has earned since it last asked are made now. */
export default define({
  auth: fullSession,
  async handler({ params: { createAvailable, includeUsed }, auth, app }) {
    const { inviteInterval: interval, inviteEpoch: epoch } = app.config
    if (createAvailable && interval !== undefined) {
      const fresh = makeInviteCodes(app, MOST_OPEN)
      await app.directory.addEarnedInvites(auth.did, { interval, epoch }, fresh)
    }
    const codes = await app.directory.invitesOf(auth.did)
    return { codes: codes.filter((code) => isOpen(code) || (includeUsed && !code.disabled)) }
  },
})
