import { define } from '#lex/com/atproto/server/createInviteCodes'
import { admin } from '#src/server/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

export default define({
  auth: admin,
  async handler({ input: { codeCount, useCount, forAccounts = [OPERATOR] }, services }) {
    const order = { count: codeCount, uses: useCount, forAccounts }
    return { codes: await services.accounts.createInvites(order) }
  },
})
