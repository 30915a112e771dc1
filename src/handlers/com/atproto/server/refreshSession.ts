import { define } from '#lex/com/atproto/server/refreshSession'
import { sessionTokens, sessionView } from '#src/accounts/session-view.ts'
import { refresh } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: refresh,
  async handler({ auth, app }) {
    const { account, session } = unwrap(await app.account(auth.did).rotateSession(auth.jti))
    const tokens = await sessionTokens(app, account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})
