import { define } from '#lex/app/bsky/feed/getTimeline'
import { mayForward } from '#src/proxy/permission.ts'
import { mergeFeed } from '#src/proxy/read-after-write/feed.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/feed/getTimeline'

/** The caller's timeline, by way of the AppView, with what the caller has just posted. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.feed.getTimeline'),
  handler: ({ params, ...reading }) =>
    readAfterWrite<OutputSchema>('app.bsky.feed.getTimeline', reading, (body, viewer) =>
      mergeFeed(body, viewer, viewer.local.posts, params.cursor),
    ),
})
