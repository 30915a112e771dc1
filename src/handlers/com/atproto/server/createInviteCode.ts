import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createInviteCode'
import { admin } from '#src/server/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

export default define({
  auth: admin,
  async handler({ input: { useCount, forAccount = OPERATOR }, services }) {
    if (useCount < 1) throw new InvalidRequestError('useCount must be 1 or more')
    const [code = ''] = services.accounts.makeInviteCodes(1)
    await services.directory.invites.add([
      { code, available: useCount, forAccount, createdBy: OPERATOR },
    ])
    return { code }
  },
})
