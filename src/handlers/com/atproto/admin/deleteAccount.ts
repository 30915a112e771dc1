import { define } from '#lex/com/atproto/admin/deleteAccount'
import { admin } from '#src/server/auth/policy.ts'

export default define({
  auth: admin,
  async handler({ input, services }) {
    const { did } = await services.accounts.get(input.did)
    await services.accounts.delete(did)
  },
})
