import { define } from '#lex/com/atproto/admin/updateAccountPassword'
import { admin } from '#src/server/auth/policy.ts'
import { checkPassword } from '#src/services/accounts/passwords.ts'

/** Ends all sessions, as a new password does that its owner sets. */
export default define({
  auth: admin,
  async handler({ input, services }) {
    const { did } = await services.accounts.get(input.did)
    await services.mail.setPassword(did, checkPassword(input.password))
  },
})
