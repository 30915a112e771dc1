import { lexToJson } from '@atproto/lexicon'
import { define } from '#lex/app/bsky/actor/putPreferences'
import { callService } from '#src/proxy/forward.ts'
import { findOtherAppView } from '#src/proxy/other-appview.ts'
import { mayForward } from '#src/proxy/permission.ts'
import { session } from '#src/server/auth/policy.ts'
import { hasFullAccess, writePreferences } from '#src/services/accounts/preferences.ts'

/** Sets what getPreferences tells; for another AppView that is named, there. */
export default define({
  auth: session,
  oauth: mayForward('app.bsky.actor.putPreferences'),
  async handler({ input, auth, request, services }) {
    const nsid = 'app.bsky.actor.putPreferences'
    const other = await findOtherAppView(request, nsid, services)
    if (other) {
      const purpose = { aud: other.did, lxm: nsid }
      return callService(other, nsid, lexToJson(input as never), request, auth, purpose, services)
    }
    const preferences = writePreferences(input.preferences, auth.scope)
    await services.account(auth.did).preferences.set(preferences, hasFullAccess(auth.scope))
  },
})
