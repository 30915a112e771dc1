import { Lexicons } from '@atproto/lexicon'
import { beforeAll, describe, expect, test } from 'vitest'
import { collect } from '../../testing/consumer.ts'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { parseParams } from './params.ts'

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
  const read = (query: string) => parseParams(known, id, parameters, new URLSearchParams(query))
  expect(read('constructor=x')).toMatchObject({ constructor: 'x', limit: 5 })
  expect('constructor' in read('')).toBe(false)
})
