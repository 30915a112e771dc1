import { define } from '#lex/com/atproto/admin/updateAccountHandle'
import { changeHandle } from '#src/accounts/change-handle.ts'
import { admin } from '#src/auth/policy.ts'

export default define({
  auth: admin,
  async handler({ input, app }) {
    await changeHandle(app, input.did, input.handle, { byOperator: true })
  },
})
