import { define } from '#lex/app/bsky/feed/getAuthorFeed'
import { mayForward } from '#src/proxy/permission.ts'
import { mergeFeed, passesFilter } from '#src/proxy/read-after-write/feed.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/feed/getAuthorFeed'

/** What somebody posted, by way of the AppView; of the caller, with what the caller has just posted. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.feed.getAuthorFeed'),
  handler: ({ params, ...reading }) =>
    readAfterWrite<OutputSchema>('app.bsky.feed.getAuthorFeed', reading, (body, viewer) => {
      const { actor, filter, cursor } = params
      const { did, handle, posts } = viewer.local
      if (actor !== did && actor.toLowerCase() !== handle) return body
      const shown = posts.filter((post) => passesFilter(post, filter, did))
      return mergeFeed(body, viewer, shown, cursor)
    }),
})
