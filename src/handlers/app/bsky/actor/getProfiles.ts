import { define } from '#lex/app/bsky/actor/getProfiles'
import { mayForward } from '#src/proxy/permission.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/actor/getProfiles'

/** Profiles, by way of the AppView; the caller's own as it is now. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.actor.getProfiles'),
  handler: (reading) =>
    readAfterWrite<OutputSchema>('app.bsky.actor.getProfiles', reading, (body, viewer) => {
      const profiles = body.profiles.map((profile) => viewer.refreshDetailed(profile))
      const same = profiles.every((profile, index) => profile === body.profiles[index])
      return same ? body : { ...body, profiles }
    }),
})
