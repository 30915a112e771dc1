/** Answers by gzip, on plain workerd: what gets shorter, where the client wishes it. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let account: MadeAccount
let blobCid: string

beforeAll(async () => {
  server = await startServer()
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
  const blob = await post('com.atproto.repo.uploadBlob', 'text/plain', 'text '.repeat(1_000))
  blobCid = blob.blob.ref.$link
  const value = { text: 'text '.repeat(500), blob: blob.blob }
  const record = { repo: account.did, collection: 'com.example.note', record: value }
  await post('com.atproto.repo.createRecord', 'application/json', JSON.stringify(record))
})

afterAll(() => server.stop())

async function post(method: string, type: string, body: string) {
  const response = await fetch(`${server.origin}/xrpc/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': type },
    body,
  })
  expect(response.status).toBe(200)
  return (await response.json()) as { blob: { ref: { $link: string } } }
}

/** An answer as it is on the wire, which `fetch` would decompress. */
async function get(
  path: string,
  accepted?: string,
  method = 'GET',
  ifNoneMatch?: string,
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: Buffer }> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      ...(accepted !== undefined && { 'accept-encoding': accepted }),
      ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    }
    request(`${server.origin}/xrpc/${path}`, { method, headers }, resolve).on('error', reject).end()
  })
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return { status: message.statusCode, headers: message.headers, body: Buffer.concat(pieces) }
}

const list = () => `com.atproto.repo.listRecords?repo=${account.did}&collection=com.example.note`
const car = () => `com.atproto.sync.getRepo?did=${account.did}`
const blob = () => `com.atproto.sync.getBlob?did=${account.did}&cid=${blobCid}`

test.each([
  ['JSON', list],
  ['a CAR file', car],
])('%s is compressed for whom accepts it', async (_, path) => {
  const plain = await get(path())
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.headers.vary).toBe('accept-encoding')
  for (const accepted of ['gzip', 'br;q=1.0, GZIP;q=0.5', '*', 'gzip, deflate, br, zstd']) {
    const { headers, body } = await get(path(), accepted)
    expect(headers['content-encoding']).toBe('gzip')
    expect(headers.vary).toBe('accept-encoding')
    expect(gunzipSync(body)).toEqual(plain.body)
    expect(body.length).toBeLessThan(plain.body.length / 2)
  }
  for (const accepted of ['', 'identity', 'br', 'gzip;q=0', '*, gzip;q=0']) {
    expect((await get(path(), accepted)).body).toEqual(plain.body)
  }
  expect((await get(path(), 'gzip', 'HEAD')).headers['content-encoding']).toBeUndefined()
})

test.each([
  ['JSON', list],
  ['a CAR file', car],
])('whoever has %s is told so by the tag that it came with', async (_, path) => {
  for (const accepted of ['gzip', 'identity']) {
    const { etag = '' } = (await get(path(), accepted)).headers
    expect(etag).toMatch(accepted === 'gzip' ? /^W\/"/ : /^"/)
    const again = await get(path(), accepted, 'GET', `"other", ${etag}`)
    expect(again).toMatchObject({ status: 304, headers: { etag, vary: 'accept-encoding' } })
    expect(again.headers['content-encoding']).toBeUndefined()
    expect(again.body.length).toBe(0)
  }
})

test.each([
  ['a blob', blob],
  ['short JSON', () => 'com.atproto.server.describeServer'],
  ['an error', () => 'com.atproto.sync.getRepo?did=did:web:nobody.example.com'],
])('%s stays as it is', async (_, path) => {
  const { headers, body } = await get(path(), 'gzip')
  expect(headers['content-encoding']).toBeUndefined()
  expect(body).toEqual((await get(path())).body)
})
