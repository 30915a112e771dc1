import { define } from '#lex/com/atproto/server/createInviteCode'
import { admin } from '#src/server/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

export default define({
  auth: admin,
  async handler({ input: { useCount, forAccount = OPERATOR }, services }) {
    const order = { count: 1, uses: useCount, forAccounts: [forAccount] }
    const [made] = await services.accounts.createInvites(order)
    return { code: made?.codes[0] ?? '' }
  },
})
