import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { setBudgetHeaders } from '../../services/objects/rate-limit-error.ts'
import { unwrap } from '../../services/objects/result.ts'
import { account as accountOf } from '../../services/objects/stubs.ts'
import { pointsOf } from '../../storage/account/write-limit.ts'
import { RateCounter, tightest } from '../../storage/rate-counter.ts'
import { IsolateLimits } from './isolate.ts'

afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const freeze = () => vi.useFakeTimers({ toFake: ['Date'] })

let made = 0

async function makeAccount() {
  const handle = `limited-${made++}.test`
  const did = `did:web:${handle}`
  const account = accountOf(env, did)
  unwrap(await account.create({ did, handle, email: null, password: null }))
  return account
}

describe('a counter', () => {
  const key = 'a'
  const spending = { key, limit: 3, window: MINUTE, points: 1 }
  const run = async (work: (counter: RateCounter) => void) =>
    runInDurableObject(await makeAccount(), (_, { storage }) => {
      freeze()
      work(new RateCounter(storage.sql))
    })

  test('lets through what a window allows, and no more, until the window ends', () =>
    run((counter) => {
      const spend = () => counter.spend([spending])
      expect([spend(), spend(), spend()].map((budget) => budget?.remaining)).toEqual([2, 1, 0])
      expect(spend()).toMatchObject({ exceeded: true, remaining: 0 })
      later(MINUTE)
      expect(spend()).toMatchObject({ exceeded: false, remaining: 2 })
    }))

  test('reports on the limit of which least is left', () =>
    run((counter) => {
      const day = { key: 'day', limit: 2, window: 1440 * MINUTE, points: 1 }
      expect(counter.spend([spending, day])).toMatchObject({ limit: 2, remaining: 1 })
      later(2 * MINUTE)
      expect(counter.spend([spending, day])).toMatchObject({ limit: 2, remaining: 0 })
      later(2 * MINUTE)
      expect(counter.spend([spending, day])).toMatchObject({ limit: 2, exceeded: true })
    }))

  test('counts for each on its own, and forgets what is over', async () => {
    const account = await makeAccount()
    await runInDurableObject(account, (_, { storage }) => {
      freeze()
      const counter = new RateCounter(storage.sql)
      for (let n = 0; n < 30; n++) counter.spend([{ ...spending, key: `k${n}` }])
      later(MINUTE)
      for (let n = 0; n < 2; n++) counter.spend([{ ...spending, key: `new${n}` }])
      expect(storage.sql.exec('SELECT count(*) AS count FROM rate').one().count).toBe(2)
    })
  })
})

test('a budget that is exceeded counts before one of which less is left', () => {
  const base = { limit: 10, window: MINUTE, resetAt: 0 }
  const exceeded = { ...base, remaining: 5, exceeded: true }
  expect(tightest([{ ...base, remaining: 0, exceeded: false }, exceeded, undefined])).toBe(exceeded)
  expect(tightest([undefined])).toBeUndefined()
})

test('a client is told the limit, what is left, and when it may come again', () => {
  freeze()
  const headers = new Headers()
  const resetAt = Date.now() + 90_500
  setBudgetHeaders(headers, { limit: 30, window: 300_000, remaining: 0, resetAt, exceeded: true })
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
  const limits = new IsolateLimits()
  for (let n = 0; n < 3000; n++) expect(limits.spend('a', 'x.y.z').exceeded).toBe(false)
  expect(limits.spend('a', 'x.y.z').exceeded).toBe(true)
  expect(limits.spend('b', 'x.y.z').exceeded).toBe(false)
  expect(limits.spend('a', 'com.atproto.sync.getRepo').exceeded).toBe(false)
  later(5 * MINUTE)
  expect(limits.spend('a', 'x.y.z').exceeded).toBe(false)
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
      account.write({ writes: Array(count).fill(remove) }, undefined, { limited: true })
    // Nothing is there to be deleted, so nothing is stored: a write of something keeps the count.
    const block = encode({ $type: 'com.example.note' })
    const record = { cid: cidOf(block), block, blobs: [] }
    const create = (rkey: string) =>
      account.write(
        { writes: [{ action: 'create', collection: 'com.example.note', rkey, record }] },
        undefined,
        { limited: true },
      )
    expect(unwrap(await create('a')).budget).toMatchObject({ limit: 5000, remaining: 4997 })
    expect(unwrap(await create('b')).budget).toMatchObject({ remaining: 4994 })
    const refusal = { name: 'RateLimitExceeded', status: 429, budget: { limit: 5000 } }
    expect(await write(4995)).toMatchObject({ ok: false, refused: refusal })
    expect(unwrap(await account.write({ writes: [remove] })).budget).toBeUndefined()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * MINUTE })
    expect(unwrap(await create('c')).budget).toMatchObject({ limit: 5000, remaining: 4997 })
  })
})
