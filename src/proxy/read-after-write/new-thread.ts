/** The thread of a post that the AppView has not seen. */
import { AtUri } from '@atproto/syntax'
import { isThreadViewPost } from '#types/app/bsky/feed/defs'
import type { OutputSchema, QueryParams } from '#types/app/bsky/feed/getPostThread'
import type { LocalPost } from './local.ts'
import { insertReplies, newParents, postsForThread, type Thread, threadOf } from './thread.ts'
import type { Ask } from './upstream.ts'
import type { LocalViewer } from './viewer.ts'

/**
 * The answer of getPostThread for a new post of the caller's: with the new replies to it and, as far as the
 * AppView has them, with what it answers. Undefined when it is no such post.
 */
export async function threadOfNewPost(
  { uri, parentHeight, depth }: QueryParams,
  viewer: LocalViewer,
  ask: Ask,
): Promise<OutputSchema | undefined> {
  const { posts } = viewer.local
  const post = findPost(uri, viewer)
  if (!post) return undefined
  const { parents, then } = newParents(post, posts)
  const ancestors = parents.slice(0, parentHeight)
  const [own, ...above] = await viewer.postViews([post, ...ancestors])
  if (!own) return undefined
  const left = parentHeight - ancestors.length
  let parent = then !== undefined && left > 0 ? await askForParent(then, left, ask) : undefined
  for (const view of above.reverse()) parent = { ...threadOf(view), ...(parent && { parent }) }
  const thread: Thread = { ...threadOf(own), ...(parent && { parent }) }
  if (depth === 0) return { thread }
  return { thread: insertReplies(thread, await viewer.postViews(postsForThread(thread, posts))) }
}

/** @param uri may name the account by its handle */
function findPost(uri: string, { local }: LocalViewer): LocalPost | undefined {
  const { host, collection, rkey } = new AtUri(uri)
  const own = host === local.did || host.toLowerCase() === local.handle
  const wanted = `at://${local.did}/${collection}/${rkey}`
  return own ? local.posts.find((post) => post.uri === wanted) : undefined
}

/** What the AppView shows above a post; undefined when it shows nothing. */
async function askForParent(
  uri: string,
  parentHeight: number,
  ask: Ask,
): Promise<Thread | undefined> {
  const query: [string, string][] = [
    ['uri', uri],
    ['parentHeight', String(parentHeight)],
    ['depth', '0'],
  ]
  const answer = await ask('app.bsky.feed.getPostThread', query).catch(() => undefined)
  return isThreadViewPost(answer?.thread) ? (answer.thread as Thread) : undefined
}
