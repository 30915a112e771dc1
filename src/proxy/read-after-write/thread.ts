/** Threads with the caller's new posts in them. */

import { isThreadViewPost, type PostView, type ThreadViewPost } from '#types/app/bsky/feed/defs'
import type { OutputSchema } from '#types/app/bsky/feed/getPostThread'
import type { $Typed } from '../../kernel/lexicon-types.ts'
import type { LocalPost } from './local.ts'
import type { LocalViewer } from './viewer.ts'

export type Thread = $Typed<ThreadViewPost>

/** An answer that is a thread, with the caller's new replies; the same object when there are none. */
export async function mergeThread(body: OutputSchema, viewer: LocalViewer): Promise<OutputSchema> {
  const { thread } = body
  if (!isThreadViewPost(thread)) return body
  const posts = postsForThread(thread, viewer.local.posts)
  const merged = insertReplies(thread, await viewer.postViews(posts))
  return merged === thread ? body : { ...body, thread: merged }
}

/** The posts that answer something in the conversation that a thread shows a part of. */
export function postsForThread({ post }: Thread, posts: readonly LocalPost[]): LocalPost[] {
  const root = replyOf(post.record).root
  return posts.filter(({ record }) => {
    const uri = record.reply?.root.uri
    return uri !== undefined && (uri === post.uri || uri === root)
  })
}

/** The thread with the posts as replies to what they answer, if that is shown; otherwise the same object. */
export const insertReplies = (thread: Thread, posts: readonly PostView[]): Thread =>
  posts.reduce(insertReply, thread)

function insertReply(thread: Thread, post: PostView): Thread {
  const { replies = [] } = thread
  if (replyOf(post.record).parent === thread.post.uri) {
    if (replies.some((reply) => isThreadViewPost(reply) && reply.post.uri === post.uri))
      return thread
    return { ...thread, replies: [threadOf(post), ...replies] }
  }
  const inserted = replies.map((reply) =>
    isThreadViewPost(reply) ? insertReply(reply, post) : reply,
  )
  return inserted.some((reply, index) => reply !== replies[index])
    ? { ...thread, replies: inserted }
    : thread
}

/**
 * The posts that `post` answers, one after the other, as far as they are new too; and the URI of the
 * first one that is not, which the AppView may know.
 */
export function newParents(
  post: LocalPost,
  posts: readonly LocalPost[],
): { parents: LocalPost[]; then?: string } {
  const parents: LocalPost[] = []
  let then = post.record.reply?.parent.uri
  for (;;) {
    const parent = posts.find(({ uri }) => uri === then)
    if (!parent || parent === post || parents.includes(parent)) break
    parents.push(parent)
    then = parent.record.reply?.parent.uri
  }
  return { parents, ...(then !== undefined && { then }) }
}

export const threadOf = (post: PostView): Thread => ({
  $type: 'app.bsky.feed.defs#threadViewPost',
  post,
})

/** What a post answers, of which only the JSON is known: its author may have written anything. */
function replyOf(record: { reply?: unknown }): { root: unknown; parent: unknown } {
  const reply = record.reply as Partial<Record<'root' | 'parent', { uri?: unknown }>> | undefined
  return { root: reply?.root?.uri, parent: reply?.parent?.uri }
}
