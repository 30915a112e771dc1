import { define } from '#lex/com/atproto/admin/enableAccountInvites'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** The `note` is not kept. */
export default define({
  auth: adminOrModerator,
  async handler({ input, app }) {
    unwrap(await app.directory.setInvitesDisabled(input.account, false))
  },
})
