import { define } from '#lex/com/atproto/admin/deleteAccount'
import { admin } from '#src/server/auth/policy.ts'

export default define({
  auth: admin,
  async handler({ input, services }) {
    const { did } = await services.accounts.get(input.did)
    await services.account(did).lifecycle.destroy()
    // A background job of the account would do it too; this way its names are free at once.
    await services.directory.accounts.remove(did)
    services.accounts.invalidate(did)
  },
})
