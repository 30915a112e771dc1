/** A subscription whose handler says who may have it: the same rules as for any method, told in an error frame. */
import { env } from 'cloudflare:workers'
import { MessageFrame } from '@atproto/xrpc-server'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { withRequest } from '../../context/current-request.ts'
import { createRequestContext } from '../../context/request.ts'
import { servicesOf } from '../../context/services.ts'
import { routes } from '../../generated/routes.ts'
import { createLogger } from '../../kernel/log.ts'
import { collect } from '../../testing/consumer.ts'
import { makeAccount, send, type TestAccount } from '../../testing/host.ts'
import { connectApp } from '../../testing/oauth.ts'
import { mayCall } from '../auth/oauth-rule.ts'
import { session } from '../auth/policy.ts'
import type { AnyDefinition } from './define.ts'
import { dispatch } from './dispatch.ts'

const NSID = 'com.atproto.sync.subscribeRepos'
const upgrade = { upgrade: 'websocket' }

/** Sends one frame and closes. */
function handler(): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.send(new MessageFrame({}, { type: '#private' }).toBytes())
  server.close(1000)
  return new Response(null, { status: 101, webSocket: client })
}

/** Has the subscription answered by a handler of one's own. */
function serveWith(definition: Partial<AnyDefinition>): void {
  const route = routes[NSID]
  if (route?.to !== 'local') throw new Error('not served here')
  vi.spyOn(route, 'load').mockResolvedValue({ default: { auth: session, handler, ...definition } })
}

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})
afterEach(() => vi.restoreAllMocks())

/** The frames of a connection until it closes. */
async function framesOf({ webSocket }: Response): Promise<unknown[]> {
  if (!webSocket) throw new Error('no socket')
  const { received, closed } = collect(webSocket)
  await closed
  return received.map(({ type, body }) => (type === 'error' ? body.error : type))
}

async function connect(scope: string): Promise<unknown[]> {
  const app = await connectApp(account.did, scope)
  const headers = {
    ...upgrade,
    authorization: `DPoP ${app.accessToken}`,
    dpop: await app.prove('GET', `/xrpc/${NSID}`),
  }
  return framesOf(await send(`/xrpc/${NSID}`, { headers }))
}

test('an app gets nothing where the handler does not say what a token must allow', async () => {
  serveWith({})
  expect(await connect('atproto repo:*')).toEqual(['Forbidden'])
})

test('an app needs what the handler says', async () => {
  serveWith({ oauth: { account: 'email', action: 'read' } })
  expect(await connect('atproto')).toEqual(['ScopeMissingError'])
  expect(await connect('atproto account:email')).toEqual(['#private'])
})

test('an app needs what the handler says of this very call', async () => {
  serveWith({
    oauth: ({ params }: { params: { cursor?: number } }) => [
      {
        repo: params.cursor === undefined ? 'com.example.note' : 'com.example.other',
        action: 'create',
      },
    ],
  })
  expect(await connect('atproto repo:com.example.other')).toEqual(['ScopeMissingError'])
  expect(await connect('atproto repo:com.example.note')).toEqual(['#private'])
})

test('an app may call a method of this host that it was allowed to call here, or anywhere', async () => {
  serveWith({ oauth: mayCall(NSID) })
  const here = `${servicesOf(env).config.serviceDid}%23atproto_pds`
  for (const scope of [`rpc:${NSID}?aud=${here}`, `rpc:${NSID}?aud=*`, `rpc:*?aud=${here}`]) {
    expect([scope, await connect(`atproto ${scope}`)]).toEqual([scope, ['#private']])
  }
  const elsewhere = 'did:web:api.bsky.app%23bsky_appview'
  for (const scope of [`rpc:${NSID}?aud=${elsewhere}`, `rpc:com.example.other?aud=*`, 'repo:*']) {
    expect([scope, await connect(`atproto ${scope}`)]).toEqual([scope, ['ScopeMissingError']])
  }
})

test('who signed in with a password needs no scope', async () => {
  serveWith({})
  const headers = { ...upgrade, authorization: `Bearer ${account.accessJwt}` }
  expect(await framesOf(await send(`/xrpc/${NSID}`, { headers }))).toEqual(['#private'])
})

test('what goes wrong inside is in the log, and the frame says no more than that', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  serveWith({
    handler() {
      throw new TypeError('a secret')
    },
  })
  const headers = { ...upgrade, authorization: `Bearer ${account.accessJwt}` }
  const { webSocket } = await send(`/xrpc/${NSID}`, { headers })
  if (!webSocket) throw new Error('no socket')
  const { received, closed } = collect(webSocket)
  await closed
  expect(received).toEqual([
    { type: 'error', body: { error: 'InternalServerError', message: 'Internal Server Error' } },
  ])
  expect(logged.mock.calls.flat().join()).toContain('a secret')
})

test('connections are counted by the limits of the handler', async () => {
  const limit = { name: 'watch', by: 'account', limit: 1, window: 60_000 } as const
  serveWith({ limits: [limit] })
  const services = servicesOf(env)
  const config = { ...services.config, rateLimits: true }
  const headers = { ...upgrade, authorization: `Bearer ${account.accessJwt}` }
  const once = async () => {
    const request = new Request(`http://localhost/xrpc/${NSID}`, { headers })
    const context = createRequestContext(request, config, createLogger({}), { waitUntil() {} })
    return framesOf(await withRequest(context, () => dispatch(context, NSID, services)))
  }
  expect([await once(), await once()]).toEqual([['#private'], ['RateLimitExceeded']])
})
