import { define } from '#lex/com/atproto/admin/updateAccountHandle'
import { admin } from '#src/server/auth/policy.ts'
import { changeHandle } from '#src/services/accounts/change-handle.ts'

export default define({
  auth: admin,
  async handler({ input, app }) {
    await changeHandle(app, input.did, input.handle, { byOperator: true })
  },
})
