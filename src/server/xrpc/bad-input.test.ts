import { beforeAll, describe, expect, test } from 'vitest'
import { basic, callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const collection = 'app.bsky.feed.post'

describe('a malformed request is answered with an XRPC error', () => {
  const json = { 'content-type': 'application/json' }
  test.each<[string, string, RequestInit, number, string]>([
    ['no NSID', '/xrpc/nonsense', {}, 400, 'InvalidRequest'],
    ['more path', '/xrpc/com.atproto.sync.getRepo/more', {}, 400, 'InvalidRequest'],
    ['an unknown method', '/xrpc/com.example.nothing', {}, 501, 'MethodNotImplemented'],
    [
      'an unwritten account method',
      '/xrpc/com.atproto.temp.requestPhoneVerification',
      { method: 'POST' },
      501,
      'MethodNotImplemented',
    ],
    [
      'POST to a query',
      '/xrpc/com.atproto.server.describeServer',
      { method: 'POST' },
      400,
      'InvalidRequest',
    ],
    ['GET of a procedure', '/xrpc/com.atproto.repo.createRecord', {}, 400, 'InvalidRequest'],
    ['PUT', '/xrpc/com.atproto.server.describeServer', { method: 'PUT' }, 400, 'InvalidRequest'],
    ['a missing parameter', '/xrpc/com.atproto.sync.getRepo', {}, 400, 'InvalidRequest'],
    [
      'a parameter of the wrong format',
      '/xrpc/com.atproto.sync.getRepo?did=nobody',
      {},
      400,
      'InvalidRequest',
    ],
    [
      'a number out of range',
      `/xrpc/com.atproto.repo.listRecords?repo=a.test&collection=${collection}&limit=101`,
      {},
      400,
      'InvalidRequest',
    ],
    [
      'a number that is none',
      `/xrpc/com.atproto.repo.listRecords?repo=a.test&collection=${collection}&limit=1.5`,
      {},
      400,
      'InvalidRequest',
    ],
    [
      'a boolean that is none',
      `/xrpc/com.atproto.repo.listRecords?repo=a.test&collection=${collection}&reverse=yes`,
      {},
      400,
      'InvalidRequest',
    ],
    [
      'a parameter given twice',
      `/xrpc/com.atproto.repo.listRecords?repo=a.test&repo=b.test&collection=${collection}`,
      {},
      400,
      'InvalidRequest',
    ],
    [
      'an unknown repository',
      '/xrpc/com.atproto.sync.getRepo?did=did:web:nobody.test',
      {},
      400,
      'RepoNotFound',
    ],
    [
      'no body',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST' },
      400,
      'InvalidRequest',
    ],
    [
      'a body without a type',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', body: new Uint8Array([123]) },
      400,
      'InvalidRequest',
    ],
    [
      'a body of the wrong type',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
      400,
      'InvalidRequest',
    ],
    [
      'bad JSON',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: json, body: '{"a":' },
      400,
      'SyntaxError',
    ],
    [
      'JSON that is no object',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: json, body: '[1]' },
      400,
      'InvalidRequest',
    ],
    [
      'a missing property',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: json, body: '{"identifier":"a"}' },
      400,
      'InvalidRequest',
    ],
    [
      'a body over the limit',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: json, body: `{"a":"${'x'.repeat(200_000)}"}` },
      413,
      'PayloadTooLargeError',
    ],
    [
      'a content encoding nobody knows',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: { ...json, 'content-encoding': 'zip' }, body: '{}' },
      415,
      'UnsupportedMediaType',
    ],
    [
      'a broken compressed body',
      '/xrpc/com.atproto.server.createSession',
      { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      400,
      'InvalidRequest',
    ],
  ])('%s', async (_, path, init, status, error) => {
    expect(await outcome(await send(path, init))).toEqual({ status, error })
  })
})

test.each<[string, unknown]>([
  ['an array', []],
  ['bytes', { $bytes: 'aGVsbG8' }],
  ['a link', { $link: CID }],
])('%s is not taken where a body must have an object', async (_, operation) => {
  const response = await callAs(account, 'com.atproto.identity.submitPlcOperation', { operation })
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: 'InvalidRequest', message: 'Input/operation must be an object' },
  ])
})

describe('credentials that are missing or wrong', () => {
  const path = '/xrpc/com.atproto.server.getSession'
  test.each<[string, string | undefined, number, string]>([
    ['nothing', undefined, 401, 'AuthMissing'],
    ['a scheme alone', 'Bearer', 400, 'InvalidToken'],
    ['a scheme for others', 'Basic YTpi', 400, 'InvalidToken'],
    ['a token that is none', 'Bearer abc', 400, 'InvalidToken'],
    [
      'a token signed by somebody else',
      'Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA',
      400,
      'InvalidToken',
    ],
    ['a token without signature', 'Bearer eyJhbGciOiJub25lIn0.e30.', 400, 'InvalidToken'],
  ])('%s', async (_, authorization, status, error) => {
    const headers: HeadersInit = authorization ? { authorization } : {}
    expect(await outcome(await send(path, { headers }))).toEqual({ status, error })
  })

  test('a refresh token is no access token, and the other way round', async () => {
    const swapped = { ...account, accessJwt: account.refreshJwt }
    expect(await outcome(await callAs(swapped, 'com.atproto.server.getSession'))).toEqual({
      status: 400,
      error: 'InvalidToken',
    })
    const headers = { authorization: `Bearer ${account.accessJwt}` }
    const refresh = send('/xrpc/com.atproto.server.refreshSession', { method: 'POST', headers })
    expect(await outcome(await refresh)).toEqual({ status: 400, error: 'InvalidToken' })
  })

  test('a wrong password and an unknown handle are told the same', async () => {
    const login = (identifier: string, password: string) =>
      send('/xrpc/com.atproto.server.createSession', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifier, password }),
      })
    const wrong = await login(account.handle, 'wrong')
    const unknown = await login('nobody.test', 'wrong')
    expect(wrong.status).toBe(401)
    expect(await wrong.json()).toEqual(await unknown.json())
  })

  test('whoever sends credentials with a request for an account must be what they say', async () => {
    const create = (authorization?: string) =>
      send('/xrpc/com.atproto.server.createAccount', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ handle: 'mallory.test', password: 'correct horse' }),
      })
    expect((await create(basic('admin', 'wrong'))).status).toBe(401)
    expect((await create(basic('root', 'test admin password'))).status).toBe(401)
    expect((await create(`Bearer ${account.accessJwt}`)).status).toBe(401)
  })
})

describe('uploads', () => {
  const upload = (body: BodyInit, headers: HeadersInit = {}) =>
    send('/xrpc/com.atproto.repo.uploadBlob', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${account.accessJwt}`,
        'content-type': 'text/plain',
        ...headers,
      },
      body,
    })

  test('a blob over the limit is refused, whether or not it says its size', async () => {
    const big = new Uint8Array(5 * 1024 * 1024 + 1)
    const expected = { status: 413, error: 'PayloadTooLarge' }
    expect(await outcome(await upload(big))).toEqual(expected)
    expect(await outcome(await upload(new Blob([big]).stream()))).toEqual(expected)
  })

  test('no body is not an empty one', async () => {
    const headers = { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'text/plain' }
    for (const method of ['uploadBlob', 'importRepo']) {
      const path = `/xrpc/com.atproto.repo.${method}`
      const type = method === 'importRepo' ? 'application/vnd.ipld.car' : 'text/plain'
      const response = await send(path, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
      })
      expect([response.status, await response.json()]).toEqual([
        400,
        {
          error: 'InvalidRequest',
          message: 'A request body is expected but none was provided',
        },
      ])
    }
    expect((await upload('', { 'content-length': '0' })).status).toBe(200)
  })

  test('nobody uploads without signing in', async () => {
    expect(await outcome(await upload('a', { authorization: '' }))).toEqual({
      status: 401,
      error: 'AuthMissing',
    })
  })

  test('a blob that no record refers to is not served', async () => {
    const uploaded = (await (await upload('temporary')).json()) as {
      blob: { ref: { $link: string } }
    }
    const query = `did=${account.did}&cid=${uploaded.blob.ref.$link}`
    expect(await outcome(await send(`/xrpc/com.atproto.sync.getBlob?${query}`))).toEqual({
      status: 400,
      error: 'BlobNotFound',
    })
  })
})
