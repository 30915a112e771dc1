import { define } from '#lex/com/atproto/server/getSession'
import { sessionView } from '#src/accounts/session-view.ts'
import { session } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, app }) {
    const maySeeEmail =
      auth.type === 'session' || auth.permissions.allowsAccount({ attr: 'email', action: 'read' })
    return sessionView(unwrap(await app.account(auth.did).getAccount()), maySeeEmail)
  },
})
