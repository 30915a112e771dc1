import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createInviteCode'
import { makeInviteCodes } from '#src/accounts/invite-codes.ts'
import { admin } from '#src/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

export default define({
  auth: admin,
  async handler({ input: { useCount, forAccount = OPERATOR }, app }) {
    if (useCount < 1) throw new InvalidRequestError('useCount must be 1 or more')
    const [code = ''] = makeInviteCodes(app, 1)
    await app.directory.addInvites([{ code, available: useCount, forAccount, createdBy: OPERATOR }])
    return { code }
  },
})
