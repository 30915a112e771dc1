/** Methods without a handler, against a stand-in for the AppView that checks who is asking. */
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AtpAgent, schemas } from '@atproto/api'
import { AuthRequiredError, createServer, verifyJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localResolver } from '../support/identity.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const APPVIEW = 'did:web:appview.test'

let appview: Server
let server: TestServer
let agent: AtpAgent
let asked: { iss: string; lxm?: string; headers: Record<string, unknown> }[] = []

beforeAll(async () => {
  const xrpc = createServer(schemas)
  xrpc.method('app.bsky.feed.getTimeline', {
    auth: async ({ req }: { req: { headers: Record<string, string | undefined> } }) => {
      const token = req.headers.authorization?.replace('Bearer ', '')
      if (!token) throw new AuthRequiredError()
      const resolver = localResolver(server.origin)
      const payload = await verifyJwt(token, APPVIEW, 'app.bsky.feed.getTimeline', (iss) =>
        resolver.did.resolveAtprotoKey(iss),
      )
      asked.push({ iss: payload.iss, lxm: payload.lxm, headers: req.headers })
      return { credentials: payload }
    },
    handler: () => ({
      encoding: 'application/json',
      body: { feed: [], cursor: 'from the AppView' },
      headers: { 'atproto-repo-rev': '3l2s5poxi422p', 'set-cookie': 'a=b' },
    }),
  } as never)
  appview = createHttpServer(xrpc.router as never)
  await new Promise<void>((resolve) => appview.listen(0, '127.0.0.1', resolve))
  const { port } = appview.address() as AddressInfo
  server = await startServer({
    env: { PDS_BSKY_APP_VIEW_URL: `http://127.0.0.1:${port}`, PDS_BSKY_APP_VIEW_DID: APPVIEW },
  })
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
})
afterAll(async () => {
  await server?.stop()
  appview?.close()
})

const timeline = (headers: Record<string, string> = {}) =>
  fetch(`${server.origin}/xrpc/app.bsky.feed.getTimeline?limit=3`, {
    headers: { authorization: `Bearer ${agent.session?.accessJwt}`, ...headers },
  })

test('a method of the AppView is forwarded with a token of the account', async () => {
  asked = []
  const response = await timeline({ 'accept-language': 'eo', cookie: 'secret=1' })
  expect(await response.json()).toEqual({ feed: [], cursor: 'from the AppView' })
  expect(response.headers.get('atproto-repo-rev')).toBe('3l2s5poxi422p')
  expect(response.headers.get('set-cookie')).toBeNull()
  expect(asked).toMatchObject([{ iss: agent.assertDid, headers: { 'accept-language': 'eo' } }])
  expect(asked[0]?.headers.cookie).toBeUndefined()
})

test('a service may be named in a header', async () => {
  const named = await timeline({ 'atproto-proxy': `${APPVIEW}#bsky_appview` })
  expect(named.status).toBe(200)
  const unknown = await timeline({ 'atproto-proxy': 'did:web:elsewhere.test#bsky_appview' })
  expect(unknown.status).toBe(400)
})

test.each([
  ['did:web:a.test', 'no service id specified in proxy header'],
  ['#bsky_appview', 'no did specified in proxy header'],
  ['a#b#c', 'invalid proxy header format'],
  ['did:web:a.test #b', 'proxy header cannot contain spaces'],
])('a header that says %s is refused', async (header, message) => {
  const response = await timeline({ 'atproto-proxy': header })
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ error: 'InvalidRequest', message })
})

test('nothing is forwarded for callers who are not signed in', async () => {
  asked = []
  const response = await fetch(`${server.origin}/xrpc/app.bsky.feed.getTimeline`)
  expect(response.status).toBe(401)
  expect(asked).toEqual([])
})

test('no header opens a method that belongs to the PDS', async () => {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAppPassword`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${agent.session?.accessJwt}`,
      'atproto-proxy': `${APPVIEW}#bsky_appview`,
      'content-type': 'application/json',
    },
    body: '{"name":"a"}',
  })
  expect(response.status).toBe(501)
})

test('a service that is away is an upstream failure', async () => {
  appview.closeAllConnections()
  await new Promise((resolve) => appview.close(resolve))
  const response = await timeline()
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({ error: 'UpstreamFailure' })
})
