import { beforeAll, describe, expect, test } from 'vitest'
import { basic, callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const BLOB_CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const post = { text: 'hello', createdAt: '2026-01-01T00:00:00Z' }
const collection = 'app.bsky.feed.post'

describe('a malformed request is answered with an XRPC error', () => {
  const json = { 'content-type': 'application/json' }
  test.each<[string, string, RequestInit, number, string]>([
    ['no NSID', '/xrpc/nonsense', {}, 400, 'InvalidRequest'],
    ['more path', '/xrpc/com.atproto.sync.getRepo/more', {}, 400, 'InvalidRequest'],
    ['an unknown method', '/xrpc/com.example.nothing', {}, 501, 'MethodNotImplemented'],
    [
      'an unwritten account method',
      '/xrpc/com.atproto.temp.revokeAccountCredentials',
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

describe('a record that cannot be is refused, and nothing of it is written', () => {
  const write = (method: string, body: object) =>
    callAs(account, `com.atproto.repo.${method}`, { repo: account.did, collection, ...body })

  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])

  test.each<[string, string, object, number, string]>([
    ['no record', 'createRecord', {}, 400, 'InvalidRequest'],
    [
      'another $type',
      'createRecord',
      { record: { ...post, $type: 'app.bsky.feed.like' } },
      400,
      'InvalidRequest',
    ],
    [
      'another $type, not validated',
      'createRecord',
      { validate: false, record: { $type: 'a.b.c' } },
      400,
      'InvalidRequest',
    ],
    ['a missing field', 'createRecord', { record: { text: 'a' } }, 400, 'InvalidRequest'],
    [
      'a text over its limit',
      'createRecord',
      { record: { ...post, text: 'x'.repeat(5000) } },
      400,
      'InvalidRequest',
    ],
    [
      'a number with a fraction',
      'createRecord',
      { record: { ...post, extra: 1.5 } },
      400,
      'InvalidRequest',
    ],
    [
      'a number beyond 53 bits',
      'createRecord',
      { record: { ...post, extra: 2 ** 60 } },
      400,
      'InvalidRequest',
    ],
    [
      'a link that is none',
      'createRecord',
      { record: { ...post, extra: { $link: 'nope' } } },
      400,
      'InvalidRequest',
    ],
    [
      'bytes that are none',
      'createRecord',
      { record: { ...post, extra: { $bytes: 7 } } },
      400,
      'InvalidRequest',
    ],
    [
      'a blob that is none',
      'createRecord',
      { record: { ...post, extra: { $type: 'blob' } } },
      400,
      'InvalidRequest',
    ],
    [
      'a blob of an outdated form',
      'createRecord',
      {
        record: {
          ...post,
          extra: {
            cid: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74',
            mimeType: 'image/png',
          },
        },
      },
      400,
      'InvalidRequest',
    ],
    [
      'endless nesting',
      'createRecord',
      { record: { ...post, extra: deep(500) } },
      400,
      'InvalidRequest',
    ],
    ['a key with a slash', 'createRecord', { rkey: 'a/b', record: post }, 400, 'InvalidRequest'],
    [
      'a key that is no TID where one is wanted',
      'createRecord',
      { rkey: 'self', record: post },
      400,
      'InvalidRequest',
    ],
    [
      'a key other than the only one',
      'putRecord',
      { collection: 'app.bsky.actor.profile', rkey: 'other', record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'an unknown collection that must be known',
      'createRecord',
      { collection: 'com.example.thing', validate: true, record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'a collection that is no NSID',
      'createRecord',
      { collection: 'posts', record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'a repository of somebody else',
      'createRecord',
      { repo: 'did:web:nobody.test', record: post },
      403,
      'AccountNotFound',
    ],
    [
      'a swap of another commit',
      'createRecord',
      { swapCommit: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu', record: post },
      400,
      'InvalidSwap',
    ],
    [
      'a swap of a record that is not there',
      'putRecord',
      {
        rkey: '3l2s5poxi422p',
        swapRecord: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu',
        record: post,
      },
      400,
      'InvalidSwap',
    ],
    ...['#images', '#', '#main', 'a#b#c'].map(($type): [string, string, object, number, string] => [
      `a $type that is no name in a union: ${$type}`,
      'createRecord',
      { record: { ...post, embed: { $type } } },
      400,
      'InvalidRequest',
    ]),
    [
      'a $type that is no name in a batch',
      'applyWrites',
      {
        writes: [
          {
            $type: 'com.atproto.repo.applyWrites#create',
            collection,
            value: { ...post, labels: { $type: '#selfLabels' } },
          },
        ],
      },
      400,
      'InvalidRequest',
    ],
    [
      'a write of a batch whose $type is no name',
      'applyWrites',
      { writes: [{ $type: '#create', collection, value: post }] },
      400,
      'InvalidRequest',
    ],
    [
      'a blob that was never uploaded',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'image/png',
                  size: 5,
                },
              },
            ],
          },
        },
      },
      400,
      'BlobNotFound',
    ],
    [
      'a blob of a type that the lexicon does not take',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'text/html',
                  size: 5,
                },
              },
            ],
          },
        },
      },
      400,
      'InvalidRequest',
    ],
    [
      'a blob over the size of the lexicon',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'image/png',
                  size: 50_000_000,
                },
              },
            ],
          },
        },
      },
      400,
      'InvalidRequest',
    ],
  ])('%s', async (_, method, body, status, error) => {
    const latest = async () => {
      const query = `com.atproto.sync.getLatestCommit?did=${account.did}`
      return (await send(`/xrpc/${query}`)).json()
    }
    const before = await latest()
    expect(await outcome(await write(method, body))).toEqual({ status, error })
    expect(await latest()).toEqual(before)
  })

  test('what kind of key a lexicon wants counts only where records are validated', async () => {
    const create = { collection, rkey: 'no-tid', record: post }
    const put = { collection: 'app.bsky.actor.profile', rkey: 'other', record: {} }
    const batch = (validate?: boolean) => {
      const $type = 'com.atproto.repo.applyWrites#create'
      return { validate, writes: [{ $type, collection, rkey: 'no-tid-either', value: post }] }
    }
    const refused = { status: 400, error: 'InvalidRequest' }
    for (const validate of [true, undefined]) {
      expect(await outcome(await write('createRecord', { ...create, validate }))).toEqual(refused)
      expect(await outcome(await write('putRecord', { ...put, validate }))).toEqual(refused)
      expect(await outcome(await write('applyWrites', batch(validate)))).toEqual(refused)
    }
    expect((await write('createRecord', { ...create, validate: false })).status).toBe(200)
    expect((await write('putRecord', { ...put, validate: false })).status).toBe(200)
    expect((await write('applyWrites', batch(false))).status).toBe(200)
    // What no record may have for a key is none for these either.
    const bad = { ...create, rkey: 'a/b', validate: false }
    expect(await outcome(await write('createRecord', bad))).toEqual(refused)
  })

  test('a record that exists is not created again', async () => {
    const rkey = '3l2s5poxi422p'
    expect((await write('createRecord', { rkey, record: post })).status).toBe(200)
    expect(await outcome(await write('createRecord', { rkey, record: post }))).toEqual({
      status: 400,
      error: 'RecordAlreadyExists',
    })
  })

  test.each<[string, unknown]>([
    ['an array', [1, 'two']],
    ['bytes', { $bytes: 'aGVsbG8' }],
    ['a link', { $link: CID }],
    ['a blob', { $type: 'blob', ref: { $link: BLOB_CID }, mimeType: 'text/plain', size: 5 }],
    ['a blob of the old form', { cid: BLOB_CID, mimeType: 'text/plain' }],
    ['a text', 'hello'],
    ['null', null],
  ])('%s is no record, whatever is validated', async (_, value) => {
    const other = { collection: 'com.example.none', rkey: 'a' }
    const writes = ['create', 'update'].map((action) => [
      { ...other, $type: `com.atproto.repo.applyWrites#${action}`, value },
    ])
    for (const validate of [true, false, undefined]) {
      for (const body of [
        ['createRecord', { ...other, record: value, validate }],
        ['putRecord', { ...other, record: value, validate }],
        ...writes.map((batch) => ['applyWrites', { writes: batch, validate }]),
      ] as [string, object][]) {
        expect(await outcome(await write(...body))).toEqual({
          status: 400,
          error: 'InvalidRequest',
        })
      }
    }
  })

  test('deleting what is not there changes nothing and is no error', async () => {
    const response = await write('deleteRecord', { rkey: '3aaaaaaaaaaaa' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({})
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
