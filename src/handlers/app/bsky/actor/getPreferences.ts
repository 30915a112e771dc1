import { define } from '#lex/app/bsky/actor/getPreferences'
import { forwardTo } from '#src/proxy/forward.ts'
import { findOtherAppView } from '#src/proxy/other-appview.ts'
import { mayForward } from '#src/proxy/permission.ts'
import { sessionEvenTakendown } from '#src/server/auth/policy.ts'
import { readPreferences } from '#src/services/accounts/preferences.ts'

/** What the account has set for the AppView of this host; another one that is named has settings of its own. */
export default define({
  auth: sessionEvenTakendown,
  oauth: mayForward('app.bsky.actor.getPreferences'),
  async handler({ auth, request, services }) {
    const nsid = 'app.bsky.actor.getPreferences'
    const other = await findOtherAppView(request, nsid, services)
    if (other) return forwardTo(other, request, nsid, auth, { aud: other.did, lxm: nsid }, services)
    const stored = await services.account(auth.did).preferences.get(true)
    return { preferences: readPreferences(stored, auth.scope) }
  },
})
