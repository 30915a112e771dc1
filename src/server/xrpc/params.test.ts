import { Lexicons, type LexXrpcQuery } from '@atproto/lexicon'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { lexicons as loadLexicons } from '../../kernel/lexicons.ts'
import { collect } from '../../testing/consumer.ts'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { parseParams } from './params.ts'
import { simpleParams } from './simple-params.ts'

const collection = 'app.bsky.feed.post'
const rkey = '3l2s5poxi422p'
let account: TestAccount
let commit: string

beforeAll(async () => {
  account = await makeAccount()
  const record = { text: 'hello', createdAt: '2026-01-01T00:00:00Z' }
  const body = { repo: account.did, collection, rkey, record }
  const response = await callAs(account, 'com.atproto.repo.putRecord', body)
  commit = ((await response.json()) as { commit: { cid: string } }).commit.cid
})

describe('empty parameters count as absent', () => {
  test.each<[string, () => string]>([
    ['com.atproto.repo.listRecords', () => `collection=${collection}&cursor=&limit=&reverse=`],
    ['com.atproto.repo.getRecord', () => `collection=${collection}&rkey=${rkey}&cid=`],
    ['com.atproto.sync.getRepo', () => 'since='],
    ['com.atproto.sync.listBlobs', () => 'since=&limit=&cursor='],
    ['com.atproto.sync.listRepos', () => 'limit=&cursor='],
    ['com.atproto.sync.getBlocks', () => `cids=&cids=${commit}`],
    ['com.atproto.server.getServiceAuth', () => 'aud=did:web:service.test&exp=&lxm='],
  ])('of %s', async (method, query) => {
    const ask = async (query: string) => {
      const about = `repo=${account.did}&did=${account.did}`
      const response = await callAs(account, `${method}?${about}&${query}`)
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) }
    }
    const answer = await ask(query())
    expect(answer.status).toBe(200)
    const without = await ask(query().replaceAll(/&?\w+=(?=&|$)/g, ''))
    // Tokens differ each time.
    if (method.includes('.sync.') || method.includes('.repo.')) expect(answer).toEqual(without)
  })

  test.each([
    'sync.getRepo?did=',
    'sync.getBlocks?did=did:web:nobody.test&cids=',
    'repo.listRecords?repo=did:web:nobody.test&collection=',
  ])('also where they are needed: %s', async (path) => {
    expect(await outcome(await send(`/xrpc/com.atproto.${path}`))).toEqual({
      status: 400,
      error: 'InvalidRequest',
    })
  })

  test('a firehose with an empty cursor begins with what happens now', async () => {
    const { webSocket } = await send('/xrpc/com.atproto.sync.subscribeRepos?cursor=', {
      headers: { upgrade: 'websocket' },
    })
    if (!webSocket) throw new Error('no socket')
    const consumer = collect(webSocket)
    const { did } = await makeAccount()
    await consumer.until(() => consumer.received.length > 0)
    expect(consumer.received[0]).toMatchObject({ body: { did } })
    webSocket.close()
  })
})

test('a parameter that every object has is one only when it is given', () => {
  const id = 'com.example.list'
  const parameters = {
    type: 'params' as const,
    properties: {
      constructor: { type: 'string' as const },
      limit: { type: 'integer' as const, default: 5 },
    },
  }
  const known = new Lexicons([{ lexicon: 1, id, defs: { main: { type: 'query', parameters } } }])
  const read = (query: string) => parseParams(known, id, parameters, `?${query}`)
  expect(read('constructor=x')).toMatchObject({ constructor: 'x', limit: 5 })
  expect('constructor' in read('')).toBe(false)
})

test('parameters that are read without the general validator are what it would have made of them', () => {
  const known = loadLexicons()
  const methods = [
    'com.atproto.repo.getRecord',
    'com.atproto.repo.listRecords',
    'com.atproto.sync.getRepo',
    'com.atproto.sync.getBlocks',
    'com.atproto.sync.listRepos',
    'app.bsky.feed.getAuthorFeed',
  ]
  const part = fc.constantFrom(
    ...[
      'did:web:a.test',
      'a.test',
      'A.Test',
      'com.example.note',
      'self',
      '.',
      'true',
      'false',
      'TRUE',
    ],
    ...['1', '0', '50', '100', '101', '-1', '1.5', '1e2', '99999999999999999', '3l2s5poxi422p', ''],
    ...[
      'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
      'bafy',
      'ü',
      'posts_no_replies',
    ],
  )
  let read = 0
  for (const nsid of methods) {
    const { parameters } = known.getDefOrThrow(nsid, ['query']) as LexXrpcQuery
    if (!parameters) expect.unreachable()
    const names = Object.keys(parameters?.properties ?? {})
    const pair = fc.tuple(fc.constantFrom(...names), part)
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
        const query = new Map<string, string[]>()
        for (const [name, value] of pairs) {
          if (value !== '') query.set(name, [...(query.get(name) ?? []), value])
        }
        const simple = parameters && simpleParams(parameters, query)
        if (!simple) return
        read++
        expect({ ...simple }).toEqual(known.assertValidXrpcParams(nsid, { ...simple }))
      }),
      { numRuns: 500, seed: 20261127 },
    )
  }
  expect(read).toBeGreaterThan(100)
})
