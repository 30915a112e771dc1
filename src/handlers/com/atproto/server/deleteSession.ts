import { define } from '#lex/com/atproto/server/deleteSession'
import { refreshOrExpired } from '#src/server/auth/policy.ts'

export default define({
  auth: refreshOrExpired,
  async handler({ auth, services }) {
    await services.account(auth.did).sessions.close(auth.jti)
  },
})
