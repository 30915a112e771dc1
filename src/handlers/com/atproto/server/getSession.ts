import { define } from '#lex/com/atproto/server/getSession'
import { sessionEvenQueued } from '#src/server/auth/policy.ts'
import { sessionView } from '#src/services/accounts/session-view.ts'

export default define({
  auth: sessionEvenQueued,
  oauth: 'any',
  async handler({ auth, services }) {
    const maySeeEmail =
      auth.type === 'session' || auth.permissions.allowsAccount({ attr: 'email', action: 'read' })
    return sessionView(await services.account(auth.did).profile.get(), maySeeEmail)
  },
})
