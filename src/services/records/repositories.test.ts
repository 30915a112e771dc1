import { encode } from '@atproto/lex-cbor'
import { parseCid } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import { XRPCError } from '@atproto/xrpc-server'
import { describe, expect, test, vi } from 'vitest'
import { AnswerState } from '../../kernel/answer-state.ts'
import { cidOf, cidString } from '../../kernel/cbor/cid.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import { packRecords, unpackRecords } from '../../storage/account/packed.ts'
import type { WriteResult } from '../../storage/account/repo.ts'
import type { StoredRecord } from '../../storage/account/stored.ts'
import type { RateLimitStatus } from '../../storage/rate-limit.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { AccountClient } from '../objects/stubs.ts'
import { Repositories, type RepositoryDependencies } from './repositories.ts'
import { SchemaSource } from './schema.ts'

const did = 'did:web:alice.test'
const collection: string = 'com.example.note'

type RepositoryClient = AccountClient['repository']

/** Repositories of a host with one account, alice.test. */
function repositoriesOf(
  repository: Partial<RepositoryClient> = {},
  limits: RepositoryDependencies['limits'] = { isLimited: () => false, note: () => undefined },
) {
  const asked: string[] = []
  const schema = vi.fn(async () => {
    throw new Error('no lexicon is needed')
  })
  const repositories = new Repositories({
    objects: {
      account(of) {
        asked.push(of)
        return standIn<AccountClient>({ repository: standIn<RepositoryClient>(repository) })
      },
    },
    lookup: {
      find: async (name) =>
        name === 'alice.test' || name === did
          ? { did, handle: 'alice.test', email: null }
          : undefined,
    },
    space: { assertRoom: async () => undefined },
    schemas: new SchemaSource('known', { schema }),
    limits,
    log: { error: () => undefined },
  })
  return { repositories, asked, schema }
}

describe('the repository that is written to', () => {
  test("is the caller's own, by DID or by handle", async () => {
    const { repositories } = repositoriesOf()
    expect(await repositories.assertOwn(did, did)).toBe(did)
    expect(await repositories.assertOwn('alice.test', did)).toBe(did)
  })

  test('is not that of somebody else, nor of somebody who is not here', async () => {
    const { repositories } = repositoriesOf()
    const bob = 'did:web:bob.test'
    for (const repo of [did, 'alice.test']) {
      await expect(repositories.assertOwn(repo, bob)).rejects.toMatchObject({ statusCode: 401 })
    }
    await expect(repositories.assertOwn('nobody.test', did)).rejects.toMatchObject({
      statusCode: 403,
      error: 'AccountNotFound',
    })
  })
})

describe('a write', () => {
  const status: RateLimitStatus = {
    limit: 5000,
    window: 1000,
    remaining: 9,
    resetAt: 5,
    exceeded: false,
  }
  const batch = { writes: [] }

  test('goes to the object of the account with its session, and notes what is left of the limit', async () => {
    const result: WriteResult = { results: [], rateLimit: status }
    const write = vi.fn<RepositoryClient['write']>(async () => result)
    const note = vi.fn()
    const { repositories, asked } = repositoriesOf({ write }, { isLimited: () => true, note })
    expect(await repositories.write({ did, session: 'family' }, batch)).toBe(result)
    expect(asked).toEqual([did])
    expect(write.mock.calls).toEqual([[batch, 'family', { limited: true }]])
    expect(note.mock.calls).toEqual([[status]])
  })

  test('is not counted where writes are not limited', async () => {
    const write = vi.fn<RepositoryClient['write']>(async () => ({ results: [] }))
    const note = vi.fn()
    const { repositories } = repositoriesOf({ write }, { isLimited: () => false, note })
    await repositories.write({ did, session: null }, batch)
    expect(write.mock.calls).toEqual([[batch, null, { limited: false }]])
    expect(note.mock.calls).toEqual([[undefined]])
  })

  test('that is refused is refused to the caller', async () => {
    const refusal = new XRPCError(400, 'swapped', 'InvalidSwap')
    const note = vi.fn()
    const { repositories } = repositoriesOf(
      { write: () => Promise.reject(refusal) },
      { isLimited: () => true, note },
    )
    await expect(repositories.write({ did, session: null }, batch)).rejects.toBe(refusal)
    expect(note).not.toHaveBeenCalled()
  })
})

test('schemas of known collections are found at once, each once, without asking anybody', async () => {
  const { repositories, schema } = repositoriesOf()
  const post = { collection: 'app.bsky.feed.post' }
  expect(repositories.findSchema(post, did)).toHaveProperty('def')
  const found = await repositories.findSchemas([post, post, { collection }], did)
  expect([...found.keys()]).toEqual(['app.bsky.feed.post', collection])
  expect(found.get(collection)).toEqual({ required: false })
  expect(schema).not.toHaveBeenCalled()
})

describe('a page of records', () => {
  const stored = (rkey: string, value: Parameters<typeof encode>[0]) => {
    const block = encode(value)
    return { rkey, cid: cidOf(block), block }
  }

  /** As a page arrives from the object. */
  const listed = (records: StoredRecord[]) => ({
    state: 'state',
    page: structuredClone(packRecords({ records, more: records.length > 1 })),
  })

  test('is decoded, with addresses', async () => {
    const blob = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
    const records = [
      stored('b', { $type: collection, text: 'two' }),
      stored('a', {
        $type: collection,
        file: { $type: 'blob', ref: parseCid(blob), mimeType: 'text/plain', size: 1 },
        bytes: new Uint8Array([1, 2]),
      }),
    ]
    const listRecords = vi.fn<RepositoryClient['listRecords']>(async () => listed(records))
    const { repositories } = repositoriesOf({ listRecords })
    const options = { collection, limit: 2, cursor: 'c' }
    const page = await repositories.listRecords(did, options)
    const [two, one] = page.records
    expect(page.cursor).toBe('a')
    expect(listRecords.mock.calls).toEqual([[options, undefined]])
    expect(two).toEqual({
      uri: `at://${did}/${collection}/b`,
      cid: cidString(records[0]?.cid ?? new Uint8Array()),
      value: { $type: collection, text: 'two' },
    })
    expect(one?.value.file).toBeInstanceOf(BlobRef)
    expect(one?.value.bytes).toEqual(new Uint8Array([1, 2]))
  })

  test('is had as it is stored, too', async () => {
    const records = [stored('b', { text: 'two' }), stored('a', {})]
    const { repositories } = repositoriesOf({ listRecords: async () => listed(records) })
    const { state, page } = await repositories.listStored(did, { collection, limit: 2 })
    expect(state).toBe('state')
    expect(unpackRecords(page ?? expect.unreachable())).toEqual({ records, more: true })
  })

  test('has the type of its collection, and a slip in the name is no name', async () => {
    const post = { $type: 'app.bsky.feed.post', text: 'hi', createdAt: '2026-01-01T00:00:00Z' }
    const listRecords = async () => listed([stored('a', post)])
    const { repositories } = repositoriesOf({ listRecords })
    const page = await repositories.listRecords(did, { collection: 'app.bsky.feed.post', limit: 1 })
    const text: string | undefined = page.records[0]?.value.text
    expect(text).toBe('hi')
    // @ts-expect-error: the compiler knows all collections
    await repositories.listRecords(did, { collection: 'app.bsky.feed.posts', limit: 1 })
  })

  test('may be empty', async () => {
    const { repositories } = repositoriesOf({ listRecords: async () => listed([]) })
    expect(await repositories.listRecords(did, { collection, limit: 2 })).toEqual({ records: [] })
  })
})

describe('a page as listRecords answers it', () => {
  const values = [
    { $type: collection, text: 'plain', n: -3, list: [1, [], {}, null, true] },
    { $type: collection, text: 'grün, 日本, \u{1f600}', ключ: 'x' },
    { $type: collection, text: 'quoted "\\\u0001\n\u2028 end', empty: '' },
    { $type: collection, ref: cidOf(new Uint8Array([1])), bytes: new Uint8Array([0, 255]) },
    { $type: collection, text: 'x'.repeat(70_000) },
    { $type: collection, text: 'é'.repeat(40_000) },
  ]
  const records: StoredRecord[] = Array.from({ length: 40 }, (_, at) => {
    const block = at % 11 === 5 ? new Uint8Array([0x80]) : encode(values[at % 6] as never)
    return { rkey: `r${String(39 - at).padStart(2, '0')}`, cid: cidOf(block), block }
  })

  /** A repository with these, and how often it was asked. */
  function host(readIn?: () => number) {
    let asked = 0
    const { repositories } = repositoriesOf({
      async listRecords({ limit, cursor, reverse }, known = []) {
        asked++
        const state = 'rev'
        const answer = readIn ? { state, readIn: readIn() } : { state }
        if (known.includes(state)) return { ...answer, page: null }
        const all = reverse ? records.toReversed() : records
        const behind = all.filter(
          ({ rkey }) => cursor === undefined || (reverse ? rkey > cursor : rkey < cursor),
        )
        const page = behind.slice(0, limit)
        return { ...answer, page: packRecords({ records: page, more: page.length === limit }) }
      },
      async getRecord(_, rkey) {
        asked++
        const record = records.find((one) => one.rkey === rkey) ?? expect.unreachable()
        return readIn ? { ...record, state: readIn() } : record
      },
    })
    return { repositories, count: () => asked }
  }

  const text = (json: string | Uint8Array | undefined) => json && Buffer.from(json).toString()

  /** The same, put together from each record by itself. */
  const expected = (page: readonly StoredRecord[]) => {
    const texts = page.flatMap(({ rkey, cid, block }) => {
      const value = recordToJson(block)
      const uri = `at://${did}/${collection}/${rkey}`
      return value ? [`{"uri":"${uri}","cid":"${cidString(cid)}","value":${value}}`] : []
    })
    const last = page.at(-1)
    return `{"records":[${texts.join(',')}]${last ? `,"cursor":"${last.rkey}"` : ''}}`
  }

  const pages: { limit: number; cursor?: string; reverse?: boolean }[] = [1, 3, 10, 100].flatMap(
    (limit) =>
      [undefined, 'r00', 'r07', 'r20', 'r39', 'zz', ''].flatMap((cursor) =>
        [false, true].map((reverse) => ({
          limit,
          reverse,
          ...(cursor !== undefined && { cursor }),
        })),
      ),
  )

  test('has the same bytes whether it is kept, read, or partly both', async () => {
    const state = new AnswerState('pages').current()
    const [kept, plain] = [host(() => state), host()]
    for (const round of [1, 2]) {
      for (const options of pages) {
        const { limit, cursor, reverse } = options
        const all = reverse ? records.toReversed() : records
        const page = all
          .filter(({ rkey }) => cursor === undefined || (reverse ? rkey > cursor : rkey < cursor))
          .slice(0, limit)
        const asked = { collection, ...options }
        const label = `${JSON.stringify(options)}, round ${round}`
        for (const { repositories } of [kept, plain]) {
          const { state, json } = await repositories.pageJson(did, asked)
          expect(state).toBe('rev')
          expect(text(json), label).toBe(expected(page))
        }
      }
    }
    expect(kept.count()).toBeLessThan(plain.count())
    for (const { rkey, cid, block } of records) {
      const value = recordToJson(block)
      const { json, cid: found } = await kept.repositories.recordJson(did, collection, rkey)
      expect(found).toBe(cidString(cid))
      const one = `{"uri":"at://${did}/${collection}/${rkey}","cid":"${found}","value":${value}}`
      expect(text(json)).toBe(value && one)
    }
  })

  test('is asked for again when something has changed, and not where the client has it', async () => {
    const object = new AnswerState('changes')
    const { repositories, count } = host(() => object.current())
    const options = { collection, limit: 2 }
    for (let n = 0; n < 3; n++) await repositories.pageJson(did, options)
    expect(count()).toBe(1)
    expect(await repositories.pageJson(did, options, ['rev'])).toEqual({ state: 'rev' })
    expect(await repositories.pageJson(did, { ...options, cursor: 'r30' }, ['rev'])).toEqual({
      state: 'rev',
    })
    expect(count()).toBe(1)
    object.changed()
    await repositories.pageJson(did, options)
    expect(count()).toBe(2)
    object.changed()
    expect(await repositories.pageJson(did, options, ['rev'])).toEqual({ state: 'rev' })
    expect(count()).toBe(3)
  })
})
