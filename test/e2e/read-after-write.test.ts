/** What an account wrote is there for it to see, though the AppView has not seen it yet. */
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type $Typed, type AppBskyFeedDefs, type AppBskyFeedPost, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type LaggingAppView, startLaggingAppView } from '../support/lagging-appview.ts'
import { PNG } from '../support/png.ts'
import { APPVIEW, type ProxyHost, startProxyHost } from '../support/proxy.ts'
import { HANDLE } from '../support/server.ts'

const OTHER = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const CDN = 'https://cdn.example.com/img'

let appview: LaggingAppView
let host: ProxyHost
let agent: AtpAgent

beforeAll(async () => {
  appview = await startLaggingAppView(
    () => APPVIEW,
    (did) => host.keyOf(did),
  )
  host = await startProxyHost(() => ({
    PDS_BSKY_APP_VIEW_URL: appview.url,
    PDS_BSKY_APP_VIEW_CDN_URL_PATTERN: `${CDN}/%s/plain/%s/%s@jpeg`,
  }))
  agent = host.agent
})

beforeEach(async () => {
  appview.answers = {}
  appview.asked.length = 0
  appview.rev = await revNow()
})

afterAll(async () => {
  await host?.stop()
  await appview?.stop()
})

async function revNow(): Promise<string> {
  const { data } = await agent.com.atproto.sync.getLatestCommit({ did: agent.assertDid })
  return data.rev
}

const at = (ms: number) => new Date(Date.now() + ms).toISOString()
const HOUR = 3_600_000
const me = () => ({ did: agent.assertDid, handle: HANDLE })
const other = { did: OTHER, handle: 'other.example.com' }

/** A post as the AppView shows it. */
const view = (
  uri: string,
  author: { did: string; handle: string },
  indexedAt: string,
  reply?: AppBskyFeedPost.ReplyRef,
) => ({
  uri,
  cid: CID,
  author,
  record: { $type: 'app.bsky.feed.post', text: `known ${uri}`, createdAt: indexedAt, reply },
  indexedAt,
})

const mine = (rkey: string, age = HOUR) =>
  view(`at://${agent.assertDid}/app.bsky.feed.post/${rkey}`, me(), at(-age))
const theirs = (rkey: string, age = HOUR) =>
  view(`at://${OTHER}/app.bsky.feed.post/${rkey}`, other, at(-age))

const feedOf = (...posts: object[]) => ({ body: { feed: posts.map((post) => ({ post })) } })
const textsOf = ({ feed }: { feed: { post: { record: unknown } }[] }) =>
  feed.map(({ post }) => (post.record as { text: string }).text)

const lagOf = ({ headers }: { headers: Record<string, string | undefined> }) =>
  Number(headers['atproto-upstream-lag'])

const TIMELINE = 'app.bsky.feed.getTimeline'
const AUTHOR_FEED = 'app.bsky.feed.getAuthorFeed'
const THREAD = 'app.bsky.feed.getPostThread'

describe('a new post', () => {
  test('is in the feed of its author, whether the feed is asked for by DID or by handle', async () => {
    const old = mine('old')
    appview.answers[AUTHOR_FEED] = () => feedOf(old)
    const { uri, cid } = await agent.post({ text: 'new' })
    for (const actor of [agent.assertDid, HANDLE]) {
      const answer = await agent.getAuthorFeed({ actor })
      expect(textsOf(answer.data)).toEqual(['new', old.record.text])
      expect(answer.data.feed[0]?.post).toMatchObject({ uri, cid, author: me(), likeCount: 0 })
      expect(lagOf(answer)).toBeGreaterThanOrEqual(0)
      expect(lagOf(answer)).toBeLessThan(60_000)
    }
  })

  test('is even in a feed that is empty so far', async () => {
    appview.answers[AUTHOR_FEED] = () => feedOf()
    await agent.post({ text: 'the first' })
    const { data } = await agent.getAuthorFeed({ actor: HANDLE })
    expect(textsOf(data)).toEqual(['the first'])
  })

  test('is in the timeline where it belongs by its time', async () => {
    await agent.post({ text: 'new' })
    appview.answers[TIMELINE] = () => feedOf(theirs('newer', -HOUR), theirs('older'))
    const { data } = await agent.getTimeline()
    expect(textsOf(data)[1]).toBe('new')
    expect(data.feed).toHaveLength(3)
  })

  test('is not on later pages, nor twice on the first', async () => {
    const { uri } = await agent.post({ text: 'new' })
    appview.answers[TIMELINE] = () => feedOf(theirs('old'))
    expect((await agent.getTimeline({ cursor: 'page two' })).data.feed).toHaveLength(1)
    appview.answers[TIMELINE] = () => feedOf(view(uri, me(), at(0)), theirs('old'))
    expect((await agent.getTimeline()).data.feed).toHaveLength(2)
  })

  test('is left out where the filter of an author feed says so', async () => {
    appview.answers[AUTHOR_FEED] = () => feedOf(mine('old'))
    await agent.post({ text: 'new' })
    const { data } = await agent.getAuthorFeed({ actor: HANDLE, filter: 'posts_with_media' })
    expect(data.feed).toHaveLength(1)
  })

  test('shows the profile of its author, pictures, and links', async () => {
    const image = (await agent.uploadBlob(PNG, { encoding: 'image/png' })).data.blob
    await agent.post({
      text: 'pictures',
      embed: { $type: 'app.bsky.embed.images', images: [{ image, alt: 'a dot' }] },
    })
    await agent.post({
      text: 'a link',
      embed: {
        $type: 'app.bsky.embed.external',
        external: { uri: 'https://example.com', title: 'T', description: 'D', thumb: image },
      },
    })
    appview.answers[TIMELINE] = () => feedOf()
    const { feed } = (await agent.getTimeline()).data
    const url = (kind: string) => `${CDN}/${kind}/plain/${agent.did}/${image.ref}@jpeg`
    expect(feed[1]?.post.embed).toEqual({
      $type: 'app.bsky.embed.images#view',
      images: [{ thumb: url('feed_thumbnail'), fullsize: url('feed_fullsize'), alt: 'a dot' }],
    })
    expect(feed[0]?.post.embed).toMatchObject({
      $type: 'app.bsky.embed.external#view',
      external: { title: 'T', thumb: url('feed_thumbnail') },
    })
    expect(feed[1]?.post.record).toMatchObject({
      embed: { images: [{ image: { ref: image.ref } }] },
    })
  })

  test('shows what it quotes as the AppView has it', async () => {
    const quoted = theirs('quoted')
    const quote = (uri: string) =>
      agent.post({
        text: uri,
        embed: { $type: 'app.bsky.embed.record', record: { uri, cid: CID } },
      })
    const own = await quote(quoted.uri)
    const gone = `at://${OTHER}/app.bsky.feed.post/gone`
    await quote(gone)
    await quote(own.uri)
    appview.answers['app.bsky.feed.getPosts'] = () => ({ body: { posts: [quoted] } })
    appview.answers[TIMELINE] = () => feedOf()
    const { feed } = (await agent.getTimeline()).data
    expect(feed.map(({ post }) => (post.embed as { record: object }).record)).toMatchObject([
      { $type: 'app.bsky.embed.record#viewRecord', uri: own.uri, author: me() },
      { $type: 'app.bsky.embed.record#viewNotFound', uri: gone },
      { $type: 'app.bsky.embed.record#viewRecord', uri: quoted.uri, author: other },
    ])
    const [, asked] = appview.asked
    expect(asked?.params).toEqual({ uris: [quoted.uri, gone] })
    expect(appview.asked).toHaveLength(2)
  })
})

describe('a changed profile', () => {
  beforeEach(async () => {
    const banner = (await agent.uploadBlob(PNG, { encoding: 'image/png' })).data.blob
    const name = `Name ${Math.random()}`
    await agent.upsertProfile(() => ({ displayName: name, description: 'New', banner }))
    appview.answers['app.bsky.actor.getProfile'] = ({ actor }) => ({
      body: { ...(actor === OTHER ? other : me()), displayName: 'Old', postsCount: 7 },
    })
  })

  const nameNow = async () => {
    const repo = agent.assertDid
    const { data } = await agent.com.atproto.repo.getRecord({
      repo,
      collection: 'app.bsky.actor.profile',
      rkey: 'self',
    })
    return (data.value as { displayName: string }).displayName
  }

  test('is what its owner sees', async () => {
    const answer = await agent.getProfile({ actor: HANDLE })
    expect(answer.data).toMatchObject({
      displayName: await nameNow(),
      description: 'New',
      banner: expect.stringContaining(`${CDN}/banner/plain/${agent.did}/bafkrei`),
      postsCount: 7,
    })
    expect(lagOf(answer)).toBeLessThan(60_000)
  })

  test('is among others that are left alone', async () => {
    appview.answers['app.bsky.actor.getProfiles'] = () => ({
      body: { profiles: [{ ...other, displayName: 'Other' }, me()] },
    })
    const { data } = await agent.getProfiles({ actors: [OTHER, HANDLE] })
    expect(data.profiles.map(({ displayName }) => displayName)).toEqual(['Other', await nameNow()])
  })

  test.each([AUTHOR_FEED, 'app.bsky.feed.getActorLikes'])(
    'is beside old posts in %s',
    async (nsid) => {
      appview.answers[nsid] = () => feedOf(mine('old'), theirs('old'))
      const response = await host.call(`${nsid}?actor=${HANDLE}`)
      const { feed } = (await response.json()) as { feed: { post: AppBskyFeedDefs.PostView }[] }
      const names = feed.map(({ post }) => post.author.displayName)
      expect(names).toEqual([await nameNow(), undefined])
    },
  )

  test("does not touch a byte of somebody else's", async () => {
    const bytes = Buffer.from(`{ "handle":"${other.handle}",\n "did":"${OTHER}", "x": 1.50 }`)
    appview.answers['app.bsky.actor.getProfile'] = () => ({ bytes })
    const response = await host.call(`app.bsky.actor.getProfile?actor=${OTHER}`)
    expect(response.headers.has('atproto-upstream-lag')).toBe(false)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
  })
})

type ThreadView = $Typed<AppBskyFeedDefs.ThreadViewPost>
const thread = (post: object) => ({ $type: 'app.bsky.feed.defs#threadViewPost', post })
const refs = (root: { uri: string; cid: string }, parent = root) => ({
  root: { uri: root.uri, cid: root.cid },
  parent: { uri: parent.uri, cid: parent.cid },
})
const asThread = (value: unknown) => value as ThreadView

describe('a new reply', () => {
  test('is in the thread below what it answers', async () => {
    const root = theirs('root')
    const answered = view(`at://${OTHER}/app.bsky.feed.post/answered`, other, at(-HOUR), refs(root))
    const one = await agent.post({ text: 'one', reply: refs(root, answered) })
    await agent.post({ text: 'two', reply: refs(root, one) })
    await agent.post({ text: 'elsewhere', reply: refs(theirs('else')) })
    appview.answers[THREAD] = () => ({
      body: { thread: { ...thread(root), replies: [{ ...thread(answered), replies: [] }] } },
    })
    const answer = await agent.getPostThread({ uri: root.uri })
    const [reply] = asThread(answer.data.thread).replies ?? []
    const [first, ...rest] = asThread(reply).replies ?? []
    expect(asThread(first).post.record).toMatchObject({ text: 'one' })
    expect(asThread(asThread(first).replies?.[0]).post.record).toMatchObject({ text: 'two' })
    expect(rest).toEqual([])
    expect(lagOf(answer)).toBeLessThan(60_000)
  })

  test('has a thread of its own, with what it answers, before the AppView knows it', async () => {
    const root = theirs('root')
    const one = await agent.post({ text: 'one', reply: refs(root) })
    const two = await agent.post({ text: 'two', reply: refs(root, one) })
    await agent.post({ text: 'three', reply: refs(root, two) })
    appview.answers[THREAD] = ({ uri }) =>
      uri === root.uri ? { body: { thread: thread(root) } } : { status: 400, error: 'NotFound' }
    const answer = await agent.getPostThread({ uri: two.uri.replace(agent.assertDid, HANDLE) })
    const shown = asThread(answer.data.thread)
    expect(shown.post.record).toMatchObject({ text: 'two' })
    expect(asThread(shown.parent).post.record).toMatchObject({ text: 'one' })
    expect(asThread(asThread(shown.parent).parent).post.uri).toBe(root.uri)
    expect(asThread(shown.replies?.[0]).post.record).toMatchObject({ text: 'three' })
    expect(appview.asked[1]?.params).toMatchObject({ uri: root.uri, parentHeight: 79, depth: 0 })
    expect(lagOf(answer)).toBeLessThan(60_000)
  })

  test('does not make up threads of posts that are not there', async () => {
    await agent.post({ text: 'new' })
    for (const did of [OTHER, agent.assertDid]) {
      const uri = `at://${did}/app.bsky.feed.post/nothing`
      await expect(agent.getPostThread({ uri })).rejects.toMatchObject({
        status: 400,
        error: 'NotFound',
      })
    }
  })
})

describe('an answer stays as it came', () => {
  /** Sends an answer of these bytes through the host and expects the very same. */
  async function expectUntouched(bytes: Uint8Array, type?: string, actor = HANDLE) {
    appview.answers[AUTHOR_FEED] = () => ({ bytes, ...(type && { type }) })
    const response = await host.call(`${AUTHOR_FEED}?actor=${actor}`)
    expect(response.status).toBe(200)
    expect(response.headers.has('atproto-upstream-lag')).toBe(false)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(bytes))
  }
  const odd = () => Buffer.from(` ${JSON.stringify(feedOf(mine('old')).body)}\n`)

  test('from an AppView that is not behind, or ahead, or does not say', async () => {
    await agent.post({ text: 'new' })
    for (const rev of [await revNow(), '7zzzzzzzzzzzz', undefined]) {
      appview.rev = rev
      await expectUntouched(odd())
    }
  })

  test('from an AppView that knew the account before it was here, or knows it not by a rev', async () => {
    await agent.post({ text: 'new' })
    for (const rev of ['3l2s5poxi422p', '2222222222222', '0', 'nonsense']) {
      appview.rev = rev
      await expectUntouched(odd())
    }
  })

  test('when there is nothing new but what is never shown there', async () => {
    await agent.like(theirs('liked').uri, CID)
    await expectUntouched(odd())
  })

  test("when it is somebody else's feed", async () => {
    await agent.post({ text: 'new' })
    await expectUntouched(
      Buffer.from(` ${JSON.stringify(feedOf(theirs('a')).body)}`),
      undefined,
      OTHER,
    )
  })

  test.each([
    ['broken JSON', '{"feed": ['],
    ['no object', '7'],
    ['against the lexicon', '{"feed": [{"post": {"uri": "x"}}]}'],
    ['no text', '\xff\xfe'],
  ])('when it is %s', async (_, text) => {
    await agent.post({ text: 'new' })
    await expectUntouched(Buffer.from(text, 'latin1'))
  })

  test('when it is too large to be read, or not JSON', async () => {
    await agent.post({ text: 'new' })
    const large = Buffer.concat([odd(), Buffer.alloc(6 * 1024 * 1024, ' ')])
    await expectUntouched(large)
    await expectUntouched(Buffer.from('<html>'), 'text/html')
  })
})

describe('a compressed answer', () => {
  const compressed = { gzip: gzipSync, br: brotliCompressSync }

  test.each(['gzip', 'br'] as const)(
    'in %s is merged into, or stays compressed',
    async (encoding) => {
      const bytes = compressed[encoding](JSON.stringify(feedOf(mine('old')).body))
      appview.answers[AUTHOR_FEED] = () => ({ bytes, encoding })
      const get = async () => {
        const init = { headers: { 'accept-encoding': `zstd, ${encoding};q=0.9` } }
        return host.call(`${AUTHOR_FEED}?actor=${HANDLE}`, init)
      }
      const untouched = await get()
      expect(untouched.headers.get('content-encoding')).toBe(encoding)
      expect(textsOf((await untouched.json()) as never)).toHaveLength(1)
      expect(appview.asked[0]?.headers['accept-encoding']).toBe(`${encoding};q=0.9`)
      await agent.post({ text: 'new' })
      const merged = await get()
      expect(merged.headers.get('content-encoding')).toBeNull()
      expect(textsOf((await merged.json()) as never)[0]).toBe('new')
    },
  )
})

describe('preferences', () => {
  const PUT = 'app.bsky.actor.putPreferences'
  const preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }]
  const put = (headers: Record<string, string>) =>
    host.call(PUT, {
      method: 'POST',
      body: JSON.stringify({ preferences }),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const get = (headers: Record<string, string>) =>
    host.call('app.bsky.actor.getPreferences', { headers })

  test('are kept here for the AppView of this host, also if it is named', async () => {
    const named = { 'atproto-proxy': `${APPVIEW}#bsky_appview` }
    expect((await put(named)).status).toBe(200)
    expect(await (await get(named)).json()).toEqual({ preferences })
    expect(appview.asked).toEqual([])
  })

  test('are kept by another AppView that is named', async () => {
    let did = ''
    const another = await startLaggingAppView(
      () => did,
      (iss) => host.keyOf(iss),
    )
    try {
      did = await host.register({ bsky_appview: another.url })
      const named = { 'atproto-proxy': `${did}#bsky_appview` }
      another.answers['app.bsky.actor.getPreferences'] = () => ({ body: { preferences: [] } })
      another.answers[PUT] = () => ({ bytes: Buffer.alloc(0) })
      expect(await (await get(named)).json()).toEqual({ preferences: [] })
      expect((await put(named)).status).toBe(200)
      expect(another.asked.at(-1)?.params).toEqual({ input: { preferences } })
      expect(appview.asked).toEqual([])
    } finally {
      await another.stop()
    }
  })
})

test('an app password is enough, a session that is over is not', async () => {
  const { data } = await agent.com.atproto.server.createAppPassword({ name: 'reader' })
  const reader = new AtpAgent({ service: host.server.origin })
  await reader.login({ identifier: HANDLE, password: data.password })
  appview.answers[TIMELINE] = () => feedOf()
  const headers = { authorization: `Bearer ${reader.session?.accessJwt}` }
  expect((await host.call(TIMELINE, { headers })).status).toBe(200)
  await reader.logout()
  const refused = await host.call(TIMELINE, { headers })
  expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
    400,
    'ExpiredToken',
  ])
})

test('an AppView that is not behind costs no more rows than forwarding, one that is behind a few', async () => {
  const posts = 'app.bsky.feed.getPosts'
  appview.answers[posts] = () => ({ body: { posts: [] } })
  appview.answers[TIMELINE] = () => feedOf(theirs('old'))
  const rows = async (path: string) =>
    Number((await host.call(path)).headers.get('x-cumulus-rows-read'))
  await rows(TIMELINE)
  let forwarded = 0
  // Rows of the sequencer count, too, which takes the events of what was written last.
  await vi.waitFor(async () => {
    forwarded = await rows(`${posts}?uris=${theirs('old').uri}`)
    expect(await rows(TIMELINE)).toBe(forwarded)
  })
  await agent.post({ text: 'new' })
  await rows(TIMELINE)
  // Up to fifty of the last hour, and the profile.
  expect((await rows(TIMELINE)) - forwarded).toBeLessThanOrEqual(60)
})
