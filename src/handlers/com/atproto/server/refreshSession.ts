import { define } from '#lex/com/atproto/server/refreshSession'
import { refresh } from '#src/server/auth/policy.ts'
import { sessionTokens, sessionView } from '#src/services/accounts/session-view.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: refresh,
  async handler({ auth, app }) {
    const { account, session } = unwrap(await app.account(auth.did).rotateSession(auth.jti))
    const tokens = await sessionTokens(app, account.did, session)
    return { ...tokens, ...sessionView(account) }
  },
})
