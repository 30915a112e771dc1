import { env, exports } from 'cloudflare:workers'
import { beforeAll, expect, test } from 'vitest'
import { hostObjects } from '../services/objects/stubs.ts'
import { makeAccount, send, type TestAccount } from '../testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const statusOf = async (url: string, init?: RequestInit) =>
  (await exports.default.fetch(url, init)).status

test('under a handle is served whose it is', async () => {
  const response = await exports.default.fetch(`http://${account.handle}/.well-known/atproto-did`)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(account.did)
  expect(await statusOf(`http://${account.handle}/.well-known/did.json`)).toBe(200)
})

test('who waits for approval has no DID document under the handle', async () => {
  const { account, directory } = hostObjects(env)
  const handle = `waits-${Math.random().toString(36).slice(2, 8)}.test`
  const did = `did:web:${handle}`
  await directory.accounts.reserve({ did, handle, email: null })
  const { lifecycle } = account(did)
  await lifecycle.create({ did, handle, email: null, password: null, awaitsApproval: true })
  await directory.accounts.confirm({ did, handle }, { genesis: null })
  const documentOf = () => statusOf(`http://${handle}/.well-known/did.json`)
  expect(await statusOf(`http://${handle}/.well-known/atproto-did`)).toBe(404)
  expect(await documentOf()).toBe(404)
  const resolved = () =>
    statusOf(`http://localhost/xrpc/com.atproto.identity.resolveDid?did=${did}`)
  expect(await resolved()).toBe(400)
  await lifecycle.approve()
  expect(await documentOf()).toBe(200)
  expect(await resolved()).toBe(200)
})

test.each([
  '/',
  '/status',
  '/settings',
  '/tls-check?domain=localhost',
  '/oauth/authorize',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource',
  '/@atproto/oauth-provider/~assets/x.js',
  '/xrpc/_health',
  '/xrpc/com.atproto.server.describeServer',
  '/xrpc/app.bsky.feed.getTimeline',
])('under a handle there is no %s', async (path) => {
  const response = await exports.default.fetch(`http://${account.handle}${path}`)
  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({
    error: 'NotFound',
    message: `${account.handle} is a handle: this host is at http://localhost:2583`,
  })
})

test('a handle with the dot of a full name is that handle', async () => {
  const origin = `http://${account.handle}.`
  expect(await statusOf(`${origin}/xrpc/com.atproto.server.describeServer`)).toBe(404)
  const response = await exports.default.fetch(`${origin}/.well-known/atproto-did`)
  expect(await response.text()).toBe(account.did)
})

test('certificates are for the host, its handles and its did:web accounts', async () => {
  const check = async (query: string) => {
    const response = await send(`/tls-check${query}`)
    return [response.status, await response.json()]
  }
  for (const domain of ['localhost', account.handle, account.handle.toUpperCase()]) {
    expect(await check(`?domain=${domain}`)).toEqual([200, { success: true }])
  }
  const unknown = { error: 'NotFound', message: 'handle not found for this domain' }
  for (const domain of ['nobody.test', 'example.com', '127.0.0.1', "'%00", 'a'.repeat(3_000)]) {
    expect(await check(`?domain=${domain}`)).toEqual([404, unknown])
  }
  const missing = { error: 'InvalidRequest', message: 'bad or missing domain query param' }
  for (const query of ['', '?domain=']) expect(await check(query)).toEqual([400, missing])
})
