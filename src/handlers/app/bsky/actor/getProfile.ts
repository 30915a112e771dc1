import { define } from '#lex/app/bsky/actor/getProfile'
import { mayForward } from '#src/proxy/permission.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/actor/getProfile'

/** A profile, by way of the AppView; the caller's own as it is now. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.actor.getProfile'),
  handler: (reading) =>
    readAfterWrite<OutputSchema>('app.bsky.actor.getProfile', reading, (profile, viewer) =>
      viewer.refreshDetailed(profile),
    ),
})
