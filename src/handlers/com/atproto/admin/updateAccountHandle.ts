import { define } from '#lex/com/atproto/admin/updateAccountHandle'
import { admin } from '#src/server/auth/policy.ts'

export default define({
  auth: admin,
  async handler({ input, services }) {
    await services.accounts.changeHandle(input.did, input.handle, { byOperator: true })
  },
})
