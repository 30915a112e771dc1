import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/disableInviteCodes'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

export default define({
  auth: adminOrModerator,
  async handler({ input: { codes = [], accounts = [] }, services }) {
    if (accounts.includes(OPERATOR)) {
      throw new InvalidRequestError('cannot disable admin invite codes')
    }
    await services.directory.invites.disable(codes, accounts)
  },
})
