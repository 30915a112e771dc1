/** The whole way of a post: the real server, the real client, the firehose, a restart. */
import { AtpAgent } from '@atproto/api'
import { decode } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'
import { def, readCarWithRoot, verifyCommitSig, verifyRepoCar } from '@atproto/repo'
import { type Event, Firehose } from '@atproto/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FirehoseReader } from '../support/firehose.ts'
import { get, localResolver } from '../support/identity.ts'
import { PNG } from '../support/png.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let agent: AtpAgent

beforeAll(async () => {
  server = await startServer()
  agent = new AtpAgent({ service: server.origin })
})
afterAll(() => server.stop())

const post = (text: string) => ({
  $type: 'app.bsky.feed.post' as const,
  text,
  createdAt: new Date().toISOString(),
})

test('a fresh host creates the first account and says so', () => {
  expect(server.output).toContain(`${HANDLE} (did:web:${HANDLE})`)
  expect(server.output).not.toContain(PASSWORD)
})

test('the host and its account are known under their names', async () => {
  const { data } = await agent.com.atproto.server.describeServer()
  expect(data).toMatchObject({ did: 'did:web:localhost', availableUserDomains: ['.test'] })
  expect(JSON.parse(await get(`${server.origin}/.well-known/did.json`, 'localhost'))).toMatchObject(
    {
      id: 'did:web:localhost',
    },
  )
  expect(await get(`${server.origin}/.well-known/atproto-did`, HANDLE)).toBe(`did:web:${HANDLE}`)
  const resolved = await agent.resolveHandle({ handle: HANDLE })
  expect(resolved.data.did).toBe(`did:web:${HANDLE}`)
})

test('a client logs in, posts with an image, likes, deletes and lists', async () => {
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const uploaded = await agent.uploadBlob(PNG, { encoding: 'image/png' })
  const { blob } = uploaded.data
  const embed = {
    $type: 'app.bsky.embed.images' as const,
    images: [{ image: blob, alt: 'one pixel' }],
  }
  const first = await agent.post({ ...post('with an image'), embed })
  const second = await agent.post(post('without'))
  const like = await agent.like(first.uri, first.cid)
  await agent.deletePost(second.uri)

  const repo = agent.assertDid
  const posts = await agent.com.atproto.repo.listRecords({ repo, collection: 'app.bsky.feed.post' })
  expect(posts.data.records.map(({ uri }) => uri)).toEqual([first.uri])
  const likes = await agent.com.atproto.repo.listRecords({ repo, collection: 'app.bsky.feed.like' })
  expect(likes.data.records.map(({ uri }) => uri)).toEqual([like.uri])
  const described = await agent.com.atproto.repo.describeRepo({ repo })
  expect(described.data).toMatchObject({
    handle: HANDLE,
    handleIsCorrect: true,
    collections: ['app.bsky.feed.like', 'app.bsky.feed.post'],
  })

  const served = await agent.com.atproto.sync.getBlob({ did: repo, cid: blob.ref.toString() })
  expect(new Uint8Array(served.data)).toEqual(PNG)
  expect(served.headers).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  })
})

test('a profile is put, put again unchanged, and changed', async () => {
  const repo = agent.assertDid
  const put = (displayName: string) =>
    agent.com.atproto.repo.putRecord({
      repo,
      collection: 'app.bsky.actor.profile',
      rkey: 'self',
      record: { displayName },
    })
  const created = await put('Alice')
  const same = await put('Alice')
  const changed = await put('Alice Liddell')
  expect(created.data.commit).toBeDefined()
  expect(same.data).toMatchObject({ cid: created.data.cid })
  expect(same.data.commit).toBeUndefined()
  expect(changed.data.cid).not.toBe(created.data.cid)
  const stored = await agent.com.atproto.repo.getRecord({
    repo,
    collection: 'app.bsky.actor.profile',
    rkey: 'self',
  })
  expect(stored.data.value).toEqual({
    $type: 'app.bsky.actor.profile',
    displayName: 'Alice Liddell',
  })
})

test("sync's Firehose reads and verifies a post from the moment it is written", async () => {
  const events: Event[] = []
  let seen = () => {}
  const arrived = new Promise<void>((resolve) => {
    seen = resolve
  })
  const errors: Error[] = []
  const firehose = new Firehose({
    service: server.origin.replace('http', 'ws'),
    idResolver: localResolver(server.origin),
    getCursor: () => 0,
    handleEvent: (event) => {
      events.push(event)
      if (event.event === 'create' && 'record' in event && event.record.text === 'live') seen()
    },
    onError: (error) => errors.push(error),
  })
  void firehose.start()
  const written = await agent.post(post('live'))
  await arrived
  await firehose.destroy()
  expect(errors).toEqual([])
  expect(events.slice(0, 2).map(({ event }) => event)).toEqual(['identity', 'account'])
  const last = events.at(-1)
  expect(last).toMatchObject({
    event: 'create',
    did: agent.assertDid,
    collection: 'app.bsky.feed.post',
  })
  expect(last && 'uri' in last && last.uri.toString()).toBe(written.uri)
})

test('every commit on the firehose is signed and leads from the state before to the one after', async () => {
  const repo = agent.assertDid
  const { data: latest } = await agent.com.atproto.sync.getLatestCommit({ did: repo })
  const reader = new FirehoseReader(server.origin, 0)
  await reader.until(({ events }) => events.some(({ body }) => body.rev === latest.rev))
  reader.close()
  const numbers = reader.events.map(({ body }) => body.seq)
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))

  const key = await localResolver(server.origin).did.resolveAtprotoKey(repo)
  const commits = reader.events.filter(({ type }) => type === '#commit')
  expect(commits.length).toBeGreaterThan(5)
  let since: unknown = null
  let prevData: Cid | undefined
  for (const { body } of commits) {
    expect(body.since).toBe(since)
    expect(body.prevData?.toString()).toBe(prevData?.toString())
    const { root, blocks } = await readCarWithRoot(body.blocks as Uint8Array)
    const commit = def.commit.schema.parse(decode(blocks.get(root) ?? new Uint8Array()))
    expect(commit).toMatchObject({ did: repo, rev: body.rev, prev: null })
    expect(await verifyCommitSig(commit, key)).toBe(true)
    since = body.rev
    prevData = commit.data
  }
})

test('the exported repository verifies', async () => {
  const repo = agent.assertDid
  const key = await localResolver(server.origin).did.resolveAtprotoKey(repo)
  const { data: car } = await agent.com.atproto.sync.getRepo({ did: repo })
  const { data: latest } = await agent.com.atproto.sync.getLatestCommit({ did: repo })
  const { creates, commit } = await verifyRepoCar(car, repo, key)
  expect(commit.cid.toString()).toBe(latest.cid)
  expect(creates.map(({ collection }) => collection).sort()).toEqual([
    'app.bsky.actor.profile',
    'app.bsky.feed.like',
    'app.bsky.feed.post',
    'app.bsky.feed.post',
  ])
})

test('a session is read, refreshed and deleted', async () => {
  const other = new AtpAgent({ service: server.origin })
  await other.login({ identifier: HANDLE, password: PASSWORD })
  const { data } = await other.com.atproto.server.getSession()
  expect(data).toMatchObject({ handle: HANDLE, did: `did:web:${HANDLE}`, active: true })
  const refreshJwt = other.session?.refreshJwt
  const headers = { authorization: `Bearer ${refreshJwt}` }
  const refreshed = await other.com.atproto.server.refreshSession(undefined, { headers })
  const newHeaders = { authorization: `Bearer ${refreshed.data.refreshJwt}` }
  await other.com.atproto.server.deleteSession(undefined, { headers: newHeaders })
  await expect(
    other.com.atproto.server.refreshSession(undefined, { headers: newHeaders }),
  ).rejects.toMatchObject({ status: 400, error: 'ExpiredToken' })
  await expect(
    other.com.atproto.server.refreshSession(undefined, { headers }),
  ).rejects.toMatchObject({ status: 400, error: 'ExpiredToken' })
})

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s a restart finds everything again',
  async (signal) => {
    const repo = agent.assertDid
    const { uri } = await agent.post(post(`before ${signal}`))
    const { data: car } = await agent.com.atproto.sync.getRepo({ did: repo })
    const { port } = new URL(server.origin)
    await server.stop(signal)
    const { dataDirectory } = server
    server = await startServer({ dataDirectory, port: Number(port) })
    expect(server.output).not.toMatch(/^ +account /m)

    const again = new AtpAgent({ service: server.origin })
    await again.login({ identifier: HANDLE, password: PASSWORD })
    const { data: sameCar } = await again.com.atproto.sync.getRepo({ did: repo })
    expect(sameCar).toEqual(car)
    const reader = new FirehoseReader(server.origin, 0)
    const rkey = uri.slice(uri.lastIndexOf('/') + 1)
    await reader.until(({ events }) =>
      events.some(({ body }) => JSON.stringify(body.ops ?? '').includes(rkey)),
    )
    const count = reader.events.length
    await again.post(post(`after ${signal}`))
    await reader.until(({ events }) => events.length > count)
    reader.close()
    // Numbers that were reserved before the end are not used after it.
    const numbers = reader.events.map(({ body }) => Number(body.seq))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers[0]).toBe(1)
    expect(numbers).toHaveLength(count + 1)
    await agent.resumeSession(again.session as never)
  },
)
