import { define } from '#lex/com/atproto/server/refreshSession'
import { refresh } from '#src/server/auth/policy.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'

export default define({
  auth: refresh,
  async handler({ auth, services }) {
    const { account, session } = await services.account(auth.did).sessions.refresh(auth.jti)
    const tokens = await services.accounts.issueTokens(account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})
