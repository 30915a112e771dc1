import { define } from '#lex/com/atproto/server/getSession'
import { sessionEvenQueuedCheckedByAccount } from '#src/server/auth/policy.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'

export default define({
  auth: sessionEvenQueuedCheckedByAccount,
  oauth: 'any',
  async handler({ auth, services }) {
    const maySeeEmail =
      auth.type === 'session' || auth.permissions.allowsAccount({ attr: 'email', action: 'read' })
    const { sessions } = services.account(auth.did)
    return sessionView(await sessions.authorize(auth.session, false), maySeeEmail)
  },
})
