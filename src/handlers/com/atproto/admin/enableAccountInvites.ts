import { define } from '#lex/com/atproto/admin/enableAccountInvites'
import { adminOrModerator } from '#src/server/auth/policy.ts'

/** The `note` is not kept. */
export default define({
  auth: adminOrModerator,
  async handler({ input, services }) {
    await services.directory.invites.setEarningDisabled(input.account, false)
  },
})
