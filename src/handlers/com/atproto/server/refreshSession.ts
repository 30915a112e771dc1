import { define } from '#lex/com/atproto/server/refreshSession'
import { sessionView } from '#src/accounts/session-view.ts'
import { refresh } from '#src/auth/policy.ts'
import { issueTokens } from '#src/auth/tokens.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: refresh,
  async handler({ auth, app }) {
    const { account, session } = unwrap(await app.account(auth.did).rotateSession(auth.jti))
    const issuer = { secret: app.config.jwtSecret, serviceDid: app.config.serviceDid }
    const tokens = await issueTokens(issuer, account.did, session.scope, session.id)
    return { ...tokens, ...sessionView(account) }
  },
})
