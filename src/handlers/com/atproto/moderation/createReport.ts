import { define } from '#lex/com/atproto/moderation/createReport'
import { callService } from '#src/proxy/forward.ts'
import { mayForward } from '#src/proxy/permission.ts'
import { findTarget } from '#src/proxy/target.ts'
import { sessionEvenTakendown } from '#src/server/auth/policy.ts'

const NSID = 'com.atproto.moderation.createReport'

/**
 * Hands a report to the moderation service that the caller names, or to this host's; where there is none, it is stored
 * for the operator. Somebody who was taken down can still report, which is how one appeals.
 */
export default define({
  auth: sessionEvenTakendown,
  oauth: mayForward(NSID, 'report'),
  async handler({ input, auth, request, services }) {
    if (!request.headers.get('atproto-proxy') && !services.config.report) {
      return services.moderation.report(auth.did, input)
    }
    const target = await findTarget(request, NSID, 'report', services)
    const purpose = { aud: target.did, lxm: NSID, evenTakendown: true }
    return callService(target, NSID, input, request, auth, purpose, services)
  },
})
