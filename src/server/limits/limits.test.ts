import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RequestLimits } from '../../context/limits/request-limits.ts'
import type { AccountRpc } from '../../contracts/account.ts'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { rpcClient } from '../../services/objects/client.ts'
import { accountStub } from '../../services/objects/stubs.ts'
import { pointsOf } from '../../storage/account/write-limit.ts'
import { mostRestrictive, RateCounter } from '../../storage/rate-counter.ts'
import { expectValue, resultOf } from '../../testing/result.ts'
import { countMethod, countPath } from './count-request.ts'
import { setRateLimitHeaders } from './headers.ts'
import { policyOf } from './path-policy.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const freeze = () => vi.useFakeTimers({ toFake: ['Date'] })

let made = 0

const client = (stub: ReturnType<typeof accountStub>) => rpcClient<AccountRpc>(stub)

async function makeAccount() {
  const handle = `limited-${made++}.test`
  const did = `did:web:${handle}`
  const account = accountStub(env, did)
  await client(account).lifecycle.create({ did, handle, email: null, password: null })
  return account
}

describe('a counter', () => {
  const key = 'a'
  const charge = { key, limit: 3, window: MINUTE, points: 1 }
  const run = async (work: (counter: RateCounter) => void) =>
    runInDurableObject(await makeAccount(), (_, { storage }) => {
      freeze()
      work(new RateCounter(storage.sql))
    })

  test('lets through what a window allows, and no more, until the window ends', () =>
    run((counter) => {
      const consume = () => counter.consume([charge])
      expect([consume(), consume(), consume()].map((status) => status?.remaining)).toEqual([
        2, 1, 0,
      ])
      expect(consume()).toMatchObject({ exceeded: true, remaining: 0 })
      later(MINUTE)
      expect(consume()).toMatchObject({ exceeded: false, remaining: 2 })
    }))

  test('reports on the limit of which least is left', () =>
    run((counter) => {
      const day = { key: 'day', limit: 2, window: 1440 * MINUTE, points: 1 }
      expect(counter.consume([charge, day])).toMatchObject({ limit: 2, remaining: 1 })
      later(2 * MINUTE)
      expect(counter.consume([charge, day])).toMatchObject({ limit: 2, remaining: 0 })
      later(2 * MINUTE)
      expect(counter.consume([charge, day])).toMatchObject({ limit: 2, exceeded: true })
    }))

  test('counts for each on its own, and forgets what is over', async () => {
    const account = await makeAccount()
    await runInDurableObject(account, (_, { storage }) => {
      freeze()
      const counter = new RateCounter(storage.sql)
      for (let n = 0; n < 30; n++) counter.consume([{ ...charge, key: `k${n}` }])
      later(MINUTE)
      for (let n = 0; n < 2; n++) counter.consume([{ ...charge, key: `new${n}` }])
      expect(storage.sql.exec('SELECT count(*) AS count FROM rate').one().count).toBe(2)
    })
  })
})

test('a status that is exceeded counts before one of which less is left', () => {
  const base = { limit: 10, window: MINUTE, resetAt: 0 }
  const exceeded = { ...base, remaining: 5, exceeded: true }
  expect(mostRestrictive([{ ...base, remaining: 0, exceeded: false }, exceeded, undefined])).toBe(
    exceeded,
  )
  expect(mostRestrictive([undefined])).toBeUndefined()
})

test('a client is told the limit, what is left, and when it may come again', () => {
  freeze()
  const headers = new Headers()
  const resetAt = Date.now() + 90_500
  setRateLimitHeaders(headers, {
    limit: 30,
    window: 300_000,
    remaining: 0,
    resetAt,
    exceeded: true,
  })
  expect(Object.fromEntries(headers)).toEqual({
    'ratelimit-limit': '30',
    'ratelimit-remaining': '0',
    'ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    'ratelimit-policy': '30;w=300',
    'retry-after': '91',
  })
})

test('an isolate counts each address, and backups on their own', () => {
  freeze()
  const call = (clientNetwork: string, nsid: string) => () =>
    countMethod({ limits: new RequestLimits(true), clientNetwork }, nsid)
  for (let n = 0; n < 3000; n++) call('a', 'x.y.z')()
  expect(call('a', 'x.y.z')).toThrow('Rate Limit Exceeded')
  call('b', 'x.y.z')()
  call('a', 'com.atproto.sync.getRepo')()
  later(5 * MINUTE)
  call('a', 'x.y.z')()
})

test('a path counts with everything else, and for a limit of its own', () => {
  freeze()
  const ask = (clientNetwork: string, path: string) => () =>
    countPath({ limits: new RequestLimits(true), clientNetwork }, policyOf('POST', path))
  for (let n = 0; n < 300; n++) ask('c', '/oauth/par')()
  expect(ask('c', '/oauth/par')).toThrow('Rate Limit Exceeded')
  ask('c', '/oauth/token')()
  ask('d', '/oauth/par')()
  for (let n = 0; n < 2998; n++) ask('e', '/nothing')()
  for (let n = 0; n < 2; n++) ask('e', '/oauth/par')()
  expect(ask('e', '/oauth/token')).toThrow('Rate Limit Exceeded')
})

test('networks of one IPv6 site count together, too, for ten times as much', () => {
  freeze()
  const network = (n: number) => `2001:db8:77:${n.toString(16)}::/64`
  const ask = (clientNetwork: string) => () =>
    countPath({ limits: new RequestLimits(true), clientNetwork }, policyOf('POST', '/oauth/par'))
  for (let n = 0; n < 3_000; n++) ask(network(n))()
  expect(ask(network(3_000))).toThrow('Rate Limit Exceeded')
  ask('2001:db8:78::/64')()
  const call = (clientNetwork: string) => () =>
    countMethod({ limits: new RequestLimits(true), clientNetwork }, 'x.y.z')
  // The refused one and the 3,000 before it counted for everything.
  for (let n = 3_001; n < 30_000; n++) call(network(n))()
  expect(call(network(30_000))).toThrow('Rate Limit Exceeded')
})

describe('writes', () => {
  test('cost points by what they do', () => {
    const path = { collection: 'com.example.note', rkey: 'a' }
    const record = { cid: new Uint8Array(), block: new Uint8Array(), blobs: [] }
    expect(
      pointsOf([
        { action: 'create', record, ...path },
        { action: 'update', record, ...path },
        { action: 'put', record, ...path },
        { action: 'delete', ...path },
      ]),
    ).toBe(8)
  })

  test('are refused, with nothing written, once an hour is spent, and go on in the next', async () => {
    const account = await makeAccount()
    const remove = { action: 'delete', collection: 'com.example.note', rkey: 'a' } as const
    const write = (count: number) =>
      resultOf(
        client(account).repository.write({ writes: Array(count).fill(remove) }, undefined, {
          limited: true,
        }),
      )
    // Nothing is there to be deleted, so nothing is stored: a write of something keeps the count.
    const block = encode({ $type: 'com.example.note' })
    const record = { cid: cidOf(block), block, blobs: [] }
    const create = (rkey: string) =>
      resultOf(
        client(account).repository.write(
          { writes: [{ action: 'create', collection: 'com.example.note', rkey, record }] },
          undefined,
          { limited: true },
        ),
      )
    expect(expectValue(await create('a')).rateLimit).toMatchObject({ limit: 5000, remaining: 4997 })
    expect(expectValue(await create('b')).rateLimit).toMatchObject({ remaining: 4994 })
    const refusal = { name: 'RateLimitExceeded', rateLimit: { limit: 5000 } }
    expect(await write(4995)).toMatchObject({ ok: false, refused: refusal })
    expect((await client(account).repository.write({ writes: [remove] })).rateLimit).toBeUndefined()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * MINUTE })
    expect(expectValue(await create('c')).rateLimit).toMatchObject({ limit: 5000, remaining: 4997 })
  })
})
