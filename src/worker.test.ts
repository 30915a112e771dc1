import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { callAs, makeAccount, send, type TestAccount } from './testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

test('the health page tells the version', async () => {
  const response = await send('/xrpc/_health')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  })
})

test('in development a host answers under names of this machine only', async () => {
  const statuses = async (...hosts: string[]) =>
    Promise.all(
      hosts.map(async (host) => (await exports.default.fetch(`http://${host}/dev/mail`)).status),
    )
  expect(await statuses('localhost', '127.0.0.1:2583', '[::1]')).toEqual([200, 200, 200])
  expect(await statuses('evil.example.com', '192.168.1.1', 'localhost.evil.com')).toEqual([
    403, 403, 403,
  ])
})

test('mails in development are not for whom a proxy or tunnel lets in', async () => {
  for (const name of ['x-forwarded-for', 'x-forwarded-host', 'forwarded']) {
    expect((await send('/dev/mail', { headers: { [name]: '198.51.100.7' } })).status).toBe(404)
  }
})

test('every answer carries a request id of its own', async () => {
  const ids = await Promise.all(
    ['/', '/xrpc/_health', '/xrpc/nonsense'].map(async (path) =>
      (await send(path)).headers.get('x-request-id'),
    ),
  )
  expect(new Set(ids).size).toBe(3)
  expect(ids).not.toContain(null)
})

describe('scripts of any origin', () => {
  test('may ask beforehand', async () => {
    const response = await send('/xrpc/com.atproto.repo.createRecord', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,atproto-proxy',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-headers')).toContain('atproto-proxy')
    expect(response.headers.get('access-control-max-age')).toBe('86400')
  })

  test('may read answers and errors, and the headers that matter', async () => {
    for (const path of ['/xrpc/_health', '/xrpc/com.atproto.server.getSession', '/xrpc/nonsense']) {
      const { headers } = await send(path)
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-expose-headers')).toMatch(/dpop-nonce.*www-authenticate/)
    }
  })
})

test('HEAD answers a query as GET does, without the body', async () => {
  const get = await send('/xrpc/com.atproto.server.describeServer')
  const head = await send('/xrpc/com.atproto.server.describeServer', { method: 'HEAD' })
  expect(head.status).toBe(200)
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  expect(await head.text()).toBe('')
})

test('unknown parameters are ignored, and a trailing slash does no harm', async () => {
  expect((await send('/xrpc/com.atproto.server.describeServer?x=1')).status).toBe(200)
  expect((await send('/xrpc/com.atproto.server.describeServer/')).status).toBe(200)
})

test('a compressed body is read', async () => {
  const json = JSON.stringify({
    repo: account.did,
    collection: 'app.bsky.feed.post',
    record: { text: 'compressed', createdAt: new Date().toISOString() },
  })
  const response = await send('/xrpc/com.atproto.repo.createRecord', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'application/json; charset=utf-8',
      'content-encoding': 'gzip',
    },
    body: new Blob([json]).stream().pipeThrough(new CompressionStream('gzip')),
  })
  expect(response.status).toBe(200)
})

test('a record comes back as it was sent, links and bytes and all', async () => {
  const record = {
    $type: 'com.example.everything',
    link: { $link: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu' },
    bytes: { $bytes: 'AAEC' },
    list: [1, -1, null, true, 'é 🦋', { nested: {} }],
  }
  const created = await callAs(account, 'com.atproto.repo.createRecord', {
    repo: account.did,
    collection: record.$type,
    rkey: 'all',
    record,
  })
  expect(await created.json()).toMatchObject({ validationStatus: 'unknown' })
  const query = `repo=${account.handle}&collection=${record.$type}&rkey=all`
  const read = await callAs(account, `com.atproto.repo.getRecord?${query}`)
  expect(await read.json()).toMatchObject({ value: record })
})

test('an unknown place is told in JSON', async () => {
  const response = await send('/nothing/here')
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ error: 'NotFound' })
})
