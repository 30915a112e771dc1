import { define } from '#lex/com/atproto/server/getSession'
import { session } from '#src/server/auth/policy.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, app }) {
    const maySeeEmail =
      auth.type === 'session' || auth.permissions.allowsAccount({ attr: 'email', action: 'read' })
    return sessionView(unwrap(await app.account(auth.did).getAccount()), maySeeEmail)
  },
})
