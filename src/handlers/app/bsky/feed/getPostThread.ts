import { define } from '#lex/app/bsky/feed/getPostThread'
import { mayForward } from '#src/proxy/permission.ts'
import { readAfterWrite } from '#src/proxy/read-after-write/merge.ts'
import { threadOfNewPost } from '#src/proxy/read-after-write/new-thread.ts'
import { mergeThread } from '#src/proxy/read-after-write/thread.ts'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import type { OutputSchema } from '#types/app/bsky/feed/getPostThread'

/** A thread, by way of the AppView, with the caller's new replies; also of a post that it has not seen yet. */
export default define({
  auth: sessionCheckedByAccount,
  oauth: mayForward('app.bsky.feed.getPostThread'),
  handler: ({ params, ...reading }) =>
    readAfterWrite<OutputSchema>(
      'app.bsky.feed.getPostThread',
      reading,
      (body, viewer) => (params.depth === 0 ? body : mergeThread(body, viewer)),
      (viewer, ask) => threadOfNewPost(params, viewer, ask),
    ),
})
