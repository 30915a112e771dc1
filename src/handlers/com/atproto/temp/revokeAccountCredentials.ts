import { define } from '#lex/com/atproto/temp/revokeAccountCredentials'
import { admin } from '#src/server/auth/policy.ts'

/** For an account that somebody else has got into: a new password, by mail or the operator, lets its owner in again. */
export default define({
  auth: admin,
  async handler({ input, services }) {
    const { did } = await services.accounts.get(input.account)
    await services.account(did).passwords.revoke()
  },
})
