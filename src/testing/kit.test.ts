/** What `cumulus/testing` gives to projects, on collections of this tree. */
import { env } from 'cloudflare:workers'
import { seeds } from 'cumulus/seeds'
import {
  call,
  clock,
  createRecord,
  emptyHost,
  expectEvent,
  makeAccount,
  network,
  plant,
} from 'cumulus/testing'
import { beforeAll, expect, expectTypeOf, test, vi } from 'vitest'
import { servicesOf } from '../context/services.ts'
import { useCollections } from './collections.ts'

/** Attempts of a hook that never succeeds. */
let attempts = 0
beforeAll(() =>
  useCollections({
    'app.bsky.feed.repost': {
      async afterWrite() {
        attempts++
        throw new Error('not now')
      },
    },
  }),
)

const createdAt = '2026-01-01T12:00:00Z'

test('calls have the types of their lexicons, and errors their names', async () => {
  const { did, handle, ...rest } = await makeAccount()
  const account = { did, handle, ...rest }
  const session = await call(account, 'com.atproto.server.getSession')
  expectTypeOf(session.handle).toEqualTypeOf<string>()
  expect(session).toMatchObject({ did, handle })
  // The lexicon has a default for `limit`.
  const { records } = await call(undefined, 'com.atproto.repo.listRecords', {
    params: { repo: did, collection: 'app.bsky.feed.post' },
  })
  expect(records).toEqual([])
  const lacking = call(account, 'com.atproto.repo.createRecord', {
    input: { repo: did, collection: 'app.bsky.feed.post', record: { createdAt } },
  })
  await expect(lacking).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  await expect(call(undefined, 'com.atproto.server.getSession')).rejects.toMatchObject({
    status: 401,
  })
  const { codes } = await call('admin', 'com.atproto.server.createInviteCodes', {
    input: { useCount: 1 },
  })
  expect(codes).toHaveLength(1)

  const wrong = () => {
    // @ts-expect-error: it is a number
    void call(account, 'com.atproto.repo.listRecords', { params: { repo: did, limit: 'ten' } })
    // @ts-expect-error: there is no such method
    void call(account, 'com.atproto.repo.listRecord')
    // @ts-expect-error: it has to be said of whom
    void call(account, 'com.atproto.repo.listRecords')
    // @ts-expect-error: posts have a text
    void createRecord(account, 'app.bsky.feed.post', { createdAt })
    // @ts-expect-error: no property of posts
    void createRecord(account, 'app.bsky.feed.post', { text: '', createdAt, title: '' })
    // @ts-expect-error: there is no such collection
    void createRecord(account, 'app.bsky.feed.pots', { text: '', createdAt })
  }
  expect(wrong).toBeTypeOf('function')
})

test('an account begins with records; events are found before and after they come', async () => {
  const { did, ...rest } = await makeAccount({
    handle: 'writer.test',
    records: { 'app.bsky.feed.post': [{ text: 'first', createdAt }] },
  })
  const first = await expectEvent({ collection: 'app.bsky.feed.post', record: { text: 'first' } })
  expect(first).toMatchObject({ did, action: 'create', type: '#commit' })
  const later = expectEvent({ collection: 'app.bsky.feed.post', did }, { after: first })
  const { uri, cid } = await createRecord({ did, ...rest }, 'app.bsky.feed.post', {
    text: 'second',
    createdAt,
  })
  expect(await later).toMatchObject({ uri, cid, record: { text: 'second', createdAt } })
  expect(await expectEvent({ type: '#identity', did })).toMatchObject({ handle: 'writer.test' })
  const none = expectEvent({ did, action: 'delete' }, { timeout: 50 })
  await expect(none).rejects.toThrow(/no event .*these came:\n.*create app\.bsky\.feed\.post\//s)
})

test('the same seeds twice make the same host', async () => {
  const all = seeds(async ({ account, record }) => {
    const alice = await account('alice')
    const bob = await account('bob')
    const subject = await record(alice, 'app.bsky.feed.post', { text: 'soup', createdAt })
    await record(alice, 'app.bsky.feed.post', { text: 'bread', createdAt })
    await record(bob, 'app.bsky.feed.like', { subject, createdAt })
    await record(bob, 'app.bsky.actor.profile', { displayName: 'Bob' }, { rkey: 'self' })
  })
  expect(await plant(all)).toEqual({ accounts: 2, records: 4 })
  const posts = () =>
    call(undefined, 'com.atproto.repo.listRecords', {
      params: { repo: 'alice.test', collection: 'app.bsky.feed.post' },
    })
  const { records } = await posts()
  // The newest first.
  expect(records.map(({ value }) => value.text)).toEqual(['bread', 'soup'])
  await plant(all)
  expect((await posts()).records).toEqual(records)
  await plant(seeds({ carol: { 'app.bsky.feed.post': [{ text: 'as data', createdAt }] } }))
  await expectEvent({ collection: 'app.bsky.feed.post', record: { text: 'as data' } })
})

test('the network is what the test makes of it', async () => {
  const { network: ways } = servicesOf(env)
  const ask = () => ways.public('https://api.example.com/things', { method: 'POST', body: 'x' })
  network.answer('https://api.example.com/', async (request) => {
    return Response.json({ got: await request.text() }, { status: 201 })
  })
  expect(await (await ask()).json()).toEqual({ got: 'x' })
  expect(network.requests.map(({ url, method }) => [method, url])).toEqual([
    ['POST', 'https://api.example.com/things'],
  ])
  expect(await network.requests[0]?.text()).toBe('x')
  network.fail('https://api.example.com/')
  await expect(ask()).rejects.toThrow('Network connection lost')
  network.hang()
  const signal = AbortSignal.timeout(10)
  await expect(ways.public('https://other.example.com', { signal })).rejects.toThrow(/timeout/i)
  network.restore()
  expect(network.requests).toEqual([])
})

test('the clock goes forward for sessions and background jobs', async () => {
  const account = await makeAccount()
  const before = Date.now()
  await clock.advance(3 * 60 * 60 * 1000)
  expect(Date.now()).toBeGreaterThanOrEqual(before + 3 * 60 * 60 * 1000)
  expect(new Date().toISOString() > new Date(before + 3 * 60 * 60 * 1000 - 1).toISOString()).toBe(
    true,
  )
  await expect(call(account, 'com.atproto.server.getSession')).rejects.toMatchObject({
    error: 'ExpiredToken',
  })
  // What is written is of that time, and reaches the firehose as ever.
  const later = await makeAccount()
  const { uri } = await createRecord(later, 'app.bsky.feed.post', { text: 'later', createdAt })
  await expectEvent({ uri })
  await expect(clock.set(new Date(before))).rejects.toThrow(RangeError)
})

test('a retry that is due is made as soon as the clock says so', async () => {
  const account = await makeAccount()
  const subject = await createRecord(account, 'app.bsky.feed.post', { text: 'a', createdAt })
  await createRecord(account, 'app.bsky.feed.repost', { subject, createdAt })
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(0))
  // Attempts are 1, 2, 4, 8, 16 and 32 seconds apart: nobody waits for that here.
  await vi.waitFor(
    async () => {
      await clock.advance(4_000)
      expect(attempts).toBeGreaterThanOrEqual(7)
    },
    { interval: 10 },
  )
})

test('a host can be made empty', async () => {
  await makeAccount({
    handle: 'again.test',
    records: { 'app.bsky.feed.post': [{ text: 'old', createdAt }] },
  })
  await emptyHost()
  const account = await makeAccount({ handle: 'again.test' })
  const { repos } = await call(undefined, 'com.atproto.sync.listRepos')
  expect(repos.map(({ did }) => did)).toEqual([account.did])
  await createRecord(account, 'app.bsky.feed.post', { text: 'new', createdAt })
  expect(await expectEvent({ collection: 'app.bsky.feed.post' })).toMatchObject({
    record: { text: 'new' },
  })
})
