import { describe, expect, test } from 'vitest'
import type { FeedViewPost } from '#types/app/bsky/feed/defs'
import { insertPosts, passesFilter, postsForPage } from './feed.ts'
import type { LocalPost } from './local.ts'

const DID = 'did:web:a.test'
const author = { did: DID, handle: 'a.test' }
const time = (minute: number) => new Date(minute * 60_000).toISOString()

const view = (minute: number) => ({
  uri: `at://${DID}/app.bsky.feed.post/${minute}`,
  cid: '',
  author,
  record: {},
  indexedAt: time(minute),
})
const item = (minute: number): FeedViewPost => ({ post: view(minute) })
const pin: FeedViewPost = {
  post: view(1),
  reason: { $type: 'app.bsky.feed.defs#reasonPin' },
}
const repost = (minute: number): FeedViewPost => ({
  post: view(2),
  reason: { $type: 'app.bsky.feed.defs#reasonRepost', by: author, indexedAt: time(minute) },
})
const local = (minute: number, rest: object = {}): LocalPost => ({
  uri: `at://${DID}/app.bsky.feed.post/${minute}`,
  cid: '',
  record: { $type: 'app.bsky.feed.post', text: '', createdAt: time(minute), ...rest },
  indexedAt: time(minute),
})
const minutes = (feed: readonly { uri: string }[]) =>
  feed.map(({ uri }) => Number(uri.split('/').at(-1)))

describe('on the first page', () => {
  test('are posts that are newer than its last one', () => {
    const posts = [local(5), local(15), local(40)]
    expect(minutes(postsForPage([item(30), item(10)], posts, true))).toEqual([15, 40])
  })

  test('are all of them if it is empty or holds a pinned one only', () => {
    expect(postsForPage([], [local(5)], true)).toHaveLength(1)
    expect(postsForPage([pin], [local(5)], true)).toHaveLength(1)
  })

  test('are none that are there already', () => {
    expect(postsForPage([item(30), item(10)], [local(30)], true)).toEqual([])
  })
})

describe('on a later page', () => {
  test('are posts between its first and its last one', () => {
    const posts = [local(5), local(15), local(40)]
    expect(minutes(postsForPage([item(30), item(10)], posts, false))).toEqual([15])
  })

  test('are none if it is empty', () => {
    expect(postsForPage([], [local(5)], false)).toEqual([])
  })
})

test('posts stand by their time, below what is pinned, and by the time of a repost', () => {
  const feed = insertPosts([pin, repost(30), item(20)], [view(10), view(25), view(40)])
  expect(minutes(feed.map(({ post }) => post))).toEqual([1, 40, 2, 25, 20, 10])
})

test('without posts the feed is the same object', () => {
  const feed = [item(1)]
  expect(insertPosts(feed, [])).toBe(feed)
})

describe('an author feed', () => {
  const ref = (did: string) => ({ uri: `at://${did}/app.bsky.feed.post/x`, cid: '' })
  const posts = {
    plain: local(1),
    'answer to oneself': local(1, { reply: { root: ref(DID), parent: ref(DID) } }),
    'answer to somebody': local(1, { reply: { root: ref('did:web:b.test'), parent: ref(DID) } }),
    pictures: local(1, { embed: { $type: 'app.bsky.embed.images', images: [] } }),
    'quote with video': local(1, {
      embed: {
        $type: 'app.bsky.embed.recordWithMedia',
        media: { $type: 'app.bsky.embed.video' },
      },
    }),
  }
  const all = Object.keys(posts)

  test.each([
    ['posts_with_replies', all],
    ['one that is not known here', all],
    ['posts_no_replies', ['plain', 'pictures', 'quote with video']],
    ['posts_and_author_threads', all.filter((name) => name !== 'answer to somebody')],
    ['posts_with_media', ['pictures', 'quote with video']],
    ['posts_with_video', ['quote with video']],
  ])('with the filter %s has %j', (filter, names) => {
    const passing = Object.entries(posts).filter(([, post]) => passesFilter(post, filter, DID))
    expect(passing.map(([name]) => name)).toEqual(names)
  })
})
