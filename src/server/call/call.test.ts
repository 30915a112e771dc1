/** Handlers that call methods, of this host and of others, and that change what others answer. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { servicesOf } from '../../context/services.ts'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { connectApp } from '../../testing/oauth.ts'
import { useMethods } from '../../testing/own-methods.ts'
import { mayCall } from '../auth/oauth-rule.ts'
import { anyone, session } from '../auth/policy.ts'
import type { AnyDefinition } from '../xrpc/define.ts'
import { type CallContext, type CallOptions, call } from './call.ts'
import { forward } from './forward.ts'

const CALLER = 'com.example.cook.caller'
const OTHER = 'com.example.cook.other'
const REMOTE = 'com.example.far.list'
const SERVICE = 'did:web:far.example.com#cook'

const text = { type: 'string' }
const object = (required: string[], properties: object) => ({
  type: 'object',
  required,
  properties,
})
const output = { encoding: 'application/json', schema: object(['said'], { said: text, by: text }) }
const query = (more: object = {}) => ({ main: { type: 'query', output, ...more } })
const parameters = {
  type: 'params',
  properties: { name: { type: 'string', maxLength: 5, default: 'you' } },
}

/** What the calling handler does. */
let work: (context: CallContext) => Promise<unknown>

const caller: AnyDefinition = {
  auth: session,
  oauth: mayCall(CALLER),
  async handler(context: CallContext) {
    const result = await work(context)
    return { said: JSON.stringify(result) }
  },
}
const other: AnyDefinition = {
  auth: session,
  oauth: mayCall(OTHER),
  handler: ({ params, auth }: { params: { name: string }; auth: { did: string } }) => ({
    said: `hello ${params.name}`,
    by: auth.did,
  }),
}

/** Of a method that the compiler does not know. */
const any = (nsid: string) => nsid as string

let account: TestAccount
let outside: { url: string; headers: Headers; method: string }[]
let answer: () => Response

beforeEach(async () => {
  await useMethods({
    [CALLER]: { defs: query(), definition: caller },
    [OTHER]: { defs: query({ parameters }), definition: other },
  })
  account = await makeAccount()
  outside = []
  answer = () => Response.json({ said: 'far' })
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
    if (String(url) === 'https://far.example.com/.well-known/did.json') {
      const service = [{ id: '#cook', type: 'Cook', serviceEndpoint: 'https://far.example.com' }]
      return Response.json({ id: 'did:web:far.example.com', service })
    }
    outside.push({
      ...{ url: String(url), method: init?.method ?? 'GET' },
      headers: new Headers(init?.headers),
    })
    return answer()
  })
})
afterEach(() => vi.restoreAllMocks())

async function said(): Promise<unknown> {
  const response = await callAs(account, CALLER)
  const body = (await response.json()) as { said: string; error?: string }
  return response.ok ? JSON.parse(body.said) : { status: response.status, error: body.error }
}

const other_ = (options: Partial<CallOptions<string>> = {}) => {
  work = (context) => call(context, any(OTHER), options as CallOptions<string>)
  return said()
}

test('a method of this host is called in process, as who called, validated and with its defaults', async () => {
  expect(await other_()).toEqual({ said: 'hello you', by: account.did })
  expect(await other_({ params: { name: 'me' } })).toEqual({ said: 'hello me', by: account.did })
  vi.spyOn(console, 'error').mockReturnValue()
  expect(await other_({ params: { name: 'too long' } })).toEqual({
    ...{ status: 500, error: 'InternalServerError' },
  })
  const guest = await makeAccount()
  const as = guest.did as `did:${string}`
  expect(await other_({ as })).toEqual({ said: 'hello you', by: as })
  for (const as of ['nobody', 'host'] as const) {
    expect(await other_({ as })).toEqual({ status: 401, error: 'AuthenticationRequired' })
  }
})

test('what the compiler knows of a method it holds a call against', async () => {
  work = async (context) => {
    const handle = account.handle as `${string}.${string}`
    const { did } = await call(context, 'com.atproto.identity.resolveHandle', {
      params: { handle },
    })
    // @ts-expect-error the parameter is missing
    const missing = () => call(context, 'com.atproto.identity.resolveHandle')
    // @ts-expect-error there is no such method
    const unknown = () => call(context, 'com.atproto.identity.resolveHandel')
    expect([missing, unknown]).toHaveLength(2)
    return did
  }
  expect(await said()).toBe(account.did)
})

test('an app needs what the called method demands, too', async () => {
  work = (context) => call(context, any(OTHER))
  const here = `${servicesOf(env).config.serviceDid}%23atproto_pds`
  const ask = async (methods: string[]) => {
    const scope = methods.map((nsid) => `rpc:${nsid}?aud=${here}`).join(' ')
    const app = await connectApp(account.did, `atproto ${scope}`)
    const path = `/xrpc/${CALLER}`
    const headers = {
      authorization: `DPoP ${app.accessToken}`,
      dpop: await app.prove('GET', path),
    }
    return outcome(await send(path, { headers }))
  }
  expect(await ask([CALLER])).toEqual({ status: 403, error: 'ScopeMissingError' })
  expect(await ask([CALLER, OTHER])).toEqual({ status: 200 })
})

test('handlers that call each other without end are stopped', async () => {
  vi.spyOn(console, 'error').mockReturnValue()
  work = (context) => call(context, any(CALLER))
  expect(await said()).toMatchObject({ status: 500 })
})

test('another service is called with a token of the account, for that method and service', async () => {
  work = (context) =>
    call(context, any(REMOTE), { service: SERVICE, params: { name: 'x', list: ['a', 'b'] } })
  expect(await said()).toEqual({ said: 'far' })
  expect(outside).toMatchObject([
    { url: `https://far.example.com/xrpc/${REMOTE}?name=x&list=a&list=b`, method: 'GET' },
  ])
  const [, payload = ''] = (outside[0]?.headers.get('authorization') ?? '').split('.')
  const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
  expect(claims).toMatchObject({ iss: account.did, aud: 'did:web:far.example.com', lxm: REMOTE })
  work = (context) => call(context, any(REMOTE), { service: SERVICE, as: 'nobody', input: {} })
  expect(await said()).toEqual({ said: 'far' })
  expect(outside[1]?.method).toBe('POST')
  expect(outside[1]?.headers.has('authorization')).toBe(false)
})

test('what another service refuses keeps its name; what it does wrong is a failure of its', async () => {
  const ask = (options: object = {}) => {
    work = (context) => call(context, any(REMOTE), { service: SERVICE, ...options })
    return said()
  }
  answer = () => Response.json({ error: 'NoSuchDish', message: 'none' }, { status: 404 })
  expect(await ask()).toEqual({ status: 404, error: 'NoSuchDish' })
  answer = () => new Response('{', { headers: { 'content-type': 'application/json' } })
  expect(await ask()).toEqual({ status: 502, error: 'UpstreamFailure' })
  answer = () => Response.json({ said: 'x'.repeat(100) })
  expect(await ask({ maxBytes: 50 })).toEqual({ status: 502, error: 'UpstreamFailure' })
  const never = new Promise<Response>(() => {})
  answer = () => never as unknown as Response
  expect(await ask({ timeout: 50 })).toEqual({ status: 504, error: 'UpstreamTimeout' })
})

test('a forwarded answer is changed, and never shown unchanged when it is not what the lexicon says', async () => {
  const change = ({ said }: { said: string }) =>
    said === 'keep' ? undefined : { said: `${said}, changed` }
  const definition: AnyDefinition = {
    auth: session,
    handler: (context: never) =>
      forward<never>(context, { change: ((output: never) => change(output) ?? output) as never }),
  }
  await useMethods({ [REMOTE]: { defs: query(), definition } })
  const ask = async () => {
    const headers = { authorization: `Bearer ${account.accessJwt}`, 'atproto-proxy': SERVICE }
    const response = await send(`/xrpc/${REMOTE}`, { headers })
    return { body: await response.json(), rev: response.headers.get('atproto-repo-rev') }
  }
  const headers = { 'atproto-repo-rev': '3l2s5poxi422p' }
  answer = () => Response.json({ said: 'far' }, { headers })
  expect(await ask()).toEqual({ body: { said: 'far, changed' }, rev: '3l2s5poxi422p' })
  answer = () => Response.json({ said: 'keep', more: 1 }, { headers })
  expect(await ask()).toEqual({ body: { said: 'keep', more: 1 }, rev: '3l2s5poxi422p' })
  answer = () => Response.json({ other: 'far' })
  expect((await ask()).body).toMatchObject({ error: 'UpstreamFailure' })
  answer = () => Response.json({ error: 'NoSuchDish' }, { status: 404 })
  expect((await ask()).body).toMatchObject({ error: 'NoSuchDish' })
})

test('anyone may call what is for anyone', async () => {
  await useMethods({
    [CALLER]: { defs: query(), definition: { ...caller, auth: anyone } },
    [OTHER]: { defs: query(), definition: { auth: anyone, handler: () => ({ said: 'all' }) } },
  })
  expect(await other_()).toEqual({ said: 'all' })
})
