import { define } from '#lex/com/atproto/admin/deleteAccount'
import { admin } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: admin,
  async handler({ input, app }) {
    const { did } = await app.getResident(input.did)
    unwrap(await app.account(did).destroy())
    // The account's alarm would do it too; this way its names are free at once.
    await app.directory.remove(did)
    app.forget(did)
  },
})
