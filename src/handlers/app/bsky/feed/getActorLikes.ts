import { define } from '#lex/app/bsky/feed/getActorLikes'
import { mayForward } from '#src/proxy/permission.ts'
import { mergeFeed } from '#src/proxy/read-after-write/feed.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/feed/getActorLikes'

/** What somebody liked, by way of the AppView; posts of the caller's with the profile as it is now. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.feed.getActorLikes'),
  handler: (reading) =>
    readAfterWrite<OutputSchema>('app.bsky.feed.getActorLikes', reading, (body, viewer) =>
      mergeFeed(body, viewer, []),
    ),
})
