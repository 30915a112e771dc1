/** Feeds with the caller's new posts in them. */
import * as ImagesEmbed from '#types/app/bsky/embed/images'
import * as QuoteWithMedia from '#types/app/bsky/embed/recordWithMedia'
import * as VideoEmbed from '#types/app/bsky/embed/video'
import {
  type FeedViewPost,
  isReasonPin,
  isReasonRepost,
  type PostView,
} from '#types/app/bsky/feed/defs'
import type { QueryParams } from '#types/app/bsky/feed/getAuthorFeed'
import type { LocalPost } from './local.ts'
import type { LocalViewer } from './viewer.ts'

/**
 * An answer that is a page of a feed, with those of the posts that belong on it; the same object when nothing
 * changes.
 *
 * @param cursor what the page was asked for with
 */
export async function mergeFeed<Body extends { feed: FeedViewPost[] }>(
  body: Body,
  viewer: LocalViewer,
  posts: readonly LocalPost[],
  cursor?: string,
): Promise<Body> {
  const refreshed = refreshAuthors(body.feed, viewer)
  const missing = postsForPage(refreshed, posts, cursor === undefined)
  const feed = insertPosts(refreshed, await viewer.postViews(missing))
  return feed === body.feed ? body : { ...body, feed }
}

/** The feed with the caller's profile as it is now; the same array when nothing in it changes. */
export function refreshAuthors(feed: FeedViewPost[], viewer: LocalViewer): FeedViewPost[] {
  let changed = false
  const refreshed = feed.map((item) => {
    const author = viewer.refreshBasic(item.post.author)
    if (author === item.post.author) return item
    changed = true
    return { ...item, post: { ...item.post, author } }
  })
  return changed ? refreshed : feed
}

/**
 * The posts that belong on this page of a feed and are not on it.
 *
 * @param isFirstPage only there posts go above everything else; on a later page they would show twice
 */
export function postsForPage(
  feed: readonly FeedViewPost[],
  posts: readonly LocalPost[],
  isFirstPage: boolean,
): LocalPost[] {
  const timed = feed.filter(({ reason }) => !isReasonPin(reason))
  const [first, last] = [timed[0], timed.at(-1)]
  const before = isFirstPage ? undefined : first ? timeOf(first) : ''
  const after = last ? timeOf(last) : ''
  const shown = new Set(feed.map(({ post }) => post.uri))
  return posts.filter(
    ({ uri, indexedAt }) =>
      indexedAt > after && (before === undefined || indexedAt < before) && !shown.has(uri),
  )
}

/** The feed, newest first, with the posts where they belong by their time; the same array without posts. */
export function insertPosts(feed: FeedViewPost[], posts: readonly PostView[]): FeedViewPost[] {
  if (posts.length === 0) return feed
  const merged = [...feed]
  for (const post of posts) {
    const at = merged.findIndex((item) => timeOf(item) < post.indexedAt)
    merged.splice(at < 0 ? merged.length : at, 0, { post })
  }
  return merged
}

/** Whether an author feed with this filter shows a post. */
export function passesFilter({ record }: LocalPost, filter: QueryParams['filter'], did: string) {
  const { reply, embed } = record
  const media = QuoteWithMedia.isMain(embed) ? embed.media : embed
  switch (filter) {
    case 'posts_no_replies':
      return !reply
    case 'posts_with_media':
      return ImagesEmbed.isMain(media) || VideoEmbed.isMain(media)
    case 'posts_with_video':
      return VideoEmbed.isMain(media)
    case 'posts_and_author_threads':
      return !reply || [reply.root, reply.parent].every(({ uri }) => uri.startsWith(`at://${did}/`))
    default:
      return true
  }
}

/** What feeds are sorted by; pinned posts are before everything. */
function timeOf({ post, reason }: FeedViewPost): string {
  if (isReasonPin(reason)) return '~'
  return isReasonRepost(reason) ? reason.indexedAt : post.indexedAt
}
