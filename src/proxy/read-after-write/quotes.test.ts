import { expect, test } from 'vitest'
import { embedView } from './embeds.ts'
import { fetchQuotes } from './quotes.ts'
import type { Ask } from './upstream.ts'

const DID = 'did:web:a.test'
const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const author = { did: DID, handle: 'a.test' }
const indexedAt = '2025-01-01T00:00:00.000Z'
const uriOf = (collection: string, rkey = 'x') => `at://${DID}/${collection}/${rkey}`

const POST = uriOf('app.bsky.feed.post')
const FEED = uriOf('app.bsky.feed.generator')
const LIST = uriOf('app.bsky.graph.list')

const post = { uri: POST, cid: CID, author, record: { text: 'x' }, indexedAt }
const feed = { uri: FEED, cid: CID, did: DID, creator: author, displayName: 'F', indexedAt }
const list = {
  uri: LIST,
  cid: CID,
  creator: author,
  name: 'L',
  purpose: 'app.bsky.graph.defs#curatelist',
  indexedAt,
}

const answers: Record<string, Record<string, unknown>> = {
  'app.bsky.feed.getPosts': { posts: [post] },
  'app.bsky.feed.getFeedGenerator': { view: feed, isOnline: true, isValid: true },
  'app.bsky.graph.getList': { list, items: [] },
}
const ask: Ask = async (nsid) => answers[nsid]

test('posts, feeds and lists are shown as the AppView shows them', async () => {
  const views = await fetchQuotes([POST, FEED, LIST], ask)
  expect(views.get(POST)).toMatchObject({
    $type: 'app.bsky.embed.record#viewRecord',
    value: { text: 'x' },
  })
  expect(views.get(FEED)).toEqual({ ...feed, $type: 'app.bsky.feed.defs#generatorView' })
  expect(views.get(LIST)).toEqual({ ...list, $type: 'app.bsky.graph.defs#listView' })
})

test('what the AppView refuses, or is of another kind, is not found', async () => {
  const uris = [FEED, uriOf('com.example.note')]
  const views = await fetchQuotes(uris, async () => undefined)
  for (const uri of uris) {
    expect(views.get(uri)).toEqual({
      $type: 'app.bsky.embed.record#viewNotFound',
      uri,
      notFound: true,
    })
  }
})

test('views that are not what their lexicon says are not shown', async () => {
  const views = await fetchQuotes([POST, FEED, LIST], async () => ({
    posts: [{ uri: POST }],
    view: { displayName: 7 },
    list: 'x',
  }))
  const types = [...views.values()].map(({ $type }) => $type)
  expect(new Set(types)).toEqual(new Set(['app.bsky.embed.record#viewNotFound']))
})

test('a quote stays away if the AppView cannot be asked, and the others come', async () => {
  const views = await fetchQuotes([POST, LIST], (nsid, query) =>
    nsid.endsWith('getPosts') ? Promise.reject(new Error('no connection')) : ask(nsid, query),
  )
  expect([...views.keys()]).toEqual([LIST])
})

test('a quote with a link has both, or nothing if one of them has no view', async () => {
  const external = { uri: 'https://a.test', title: 'T', description: 'D' }
  const embed = {
    $type: 'app.bsky.embed.recordWithMedia' as const,
    record: { record: { uri: LIST, cid: CID } },
    media: { $type: 'app.bsky.embed.external' as const, external },
  }
  const views = await fetchQuotes([LIST], ask)
  const imageUrl = () => ''
  expect(embedView(embed, imageUrl, views)).toMatchObject({
    $type: 'app.bsky.embed.recordWithMedia#view',
    record: { $type: 'app.bsky.embed.record#view', record: { uri: LIST } },
    media: { $type: 'app.bsky.embed.external#view', external },
  })
  expect(embedView(embed, imageUrl, new Map())).toBeUndefined()
  const video = { $type: 'app.bsky.embed.video' }
  expect(embedView({ ...embed, media: video }, imageUrl, views)).toBeUndefined()
})
