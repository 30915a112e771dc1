/** What must not work: with codes, tokens, keys and pages of the OAuth server. */
import { createHash, randomBytes } from 'node:crypto'
import { AtpAgent } from '@atproto/api'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { Browser } from '../support/browser.ts'
import {
  accept,
  consent,
  loopbackClient,
  publicOrigin,
  signIn,
  type User,
} from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let server: TestServer
let issuer: string
let user: User

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
  issuer = publicOrigin(server.origin)
  user = await signUp('alice-attacked.test')
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

async function signUp(handle: string): Promise<User> {
  const agent = new AtpAgent({ service: server.origin })
  const password = 'a long password'
  await agent.createAccount({ handle, email: `${handle}@example.com`, password })
  return { did: agent.assertDid, identifier: handle, password }
}

const SCOPE = 'atproto transition:generic'
const REDIRECT = 'http://127.0.0.1/callback'

type Key = Awaited<ReturnType<typeof makeKey>>
type Tokens = { access_token: string; refresh_token: string }

async function makeKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { jwk, privateKey, thumbprint: await calculateJwkThumbprint(jwk) }
}

/** A client written by hand, which can do what the official one never would. */
class BareClient {
  readonly id = loopbackClient(SCOPE)
  readonly verifier = randomBytes(32).toString('base64url')
  key: Key
  nonce = ''

  constructor(key: Key) {
    this.key = key
  }

  prove(method: string, url: string, claims: Record<string, unknown> = {}): Promise<string> {
    return new SignJWT({ htm: method, htu: url, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: this.key.jwk })
      .setIssuedAt()
      .sign(this.key.privateKey)
  }

  /** A form to an endpoint; asked for a nonce, it tries again with that. */
  async post(path: string, form: Record<string, string>, nonce = this.nonce): Promise<Response> {
    const url = `${issuer}${path}`
    const response = await fetch(url, {
      method: 'POST',
      headers: { dpop: await this.prove('POST', url, nonce ? { nonce } : {}) },
      body: new URLSearchParams({ client_id: this.id, ...form }),
    })
    const next = response.headers.get('dpop-nonce') ?? ''
    const isFirst = nonce === '' && response.status === 400
    this.nonce = next
    return isFirst ? this.post(path, form) : response
  }

  push(more: Record<string, string> = {}): Promise<Response> {
    return this.post('/oauth/par', {
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope: SCOPE,
      state: 'state',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      ...more,
    })
  }

  /** Where the user is sent to. */
  async authorizeUrl(more: Record<string, string> = {}): Promise<string> {
    const response = await this.push(more)
    const { request_uri } = (await response.json()) as { request_uri: string }
    return `${issuer}/oauth/authorize?${new URLSearchParams({ client_id: this.id, request_uri })}`
  }

  async code(): Promise<string> {
    const answer = await consent(await this.authorizeUrl(), user)
    return answer.searchParams.get('code') ?? ''
  }

  trade(code: string, more: Record<string, string> = {}): Promise<Response> {
    return this.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT,
      code_verifier: this.verifier,
      ...more,
    })
  }

  refresh(refreshToken: string): Promise<Response> {
    return this.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  /** Asks who the token is for. */
  async whoAmI(token: string, claims: Record<string, unknown> = {}): Promise<Response> {
    const url = `${issuer}/xrpc/com.atproto.server.getSession`
    const ath = createHash('sha256').update(token).digest('base64url')
    const dpop = await this.prove('GET', url, { ath, nonce: this.nonce, ...claims })
    return fetch(url, { headers: { authorization: `DPoP ${token}`, dpop } })
  }

  async connect(): Promise<Tokens> {
    return (await (await this.trade(await this.code())).json()) as Tokens
  }
}

const makeClient = async () => new BareClient(await makeKey())
const errorOf = async (response: Response) => ((await response.json()) as { error: string }).error

describe('codes', () => {
  test('a code that is used again ends the session that it gave', async () => {
    const client = await makeClient()
    const code = await client.code()
    const { access_token } = (await (await client.trade(code)).json()) as Tokens
    expect((await client.whoAmI(access_token)).status).toBe(200)
    expect(await errorOf(await client.trade(code))).toBe('invalid_grant')
    expect((await client.whoAmI(access_token)).status).toBe(401)
  })

  test('of several who use a code at the same time, one gets tokens', async () => {
    const client = await makeClient()
    const code = await client.code()
    const answers = await Promise.all([1, 2, 3, 4].map(() => client.trade(code)))
    expect(answers.filter(({ ok }) => ok).length).toBeLessThanOrEqual(1)
  })

  test('a code takes the verifier, the redirect and the key that it was asked for with', async () => {
    const wrong: Record<string, string>[] = [
      { code_verifier: randomBytes(32).toString('base64url') },
      { redirect_uri: 'http://127.0.0.1/elsewhere' },
    ]
    for (const more of wrong) {
      const client = await makeClient()
      expect(await errorOf(await client.trade(await client.code(), more))).toBe('invalid_grant')
    }
    const client = await makeClient()
    const code = await client.code()
    client.key = await makeKey()
    expect(await errorOf(await client.trade(code))).toBe('invalid_grant')
  })
})

describe('refresh tokens', () => {
  test('one that was used before ends the session', async () => {
    const client = await makeClient()
    const first = await client.connect()
    const second = (await (await client.refresh(first.refresh_token)).json()) as Tokens
    expect((await client.whoAmI(second.access_token)).status).toBe(200)
    expect((await client.whoAmI(first.access_token)).status).toBe(401)
    expect(await errorOf(await client.refresh(first.refresh_token))).toBe('invalid_grant')
    expect((await client.whoAmI(second.access_token)).status).toBe(401)
    expect(await errorOf(await client.refresh(second.refresh_token))).toBe('invalid_grant')
  })

  test('one that is used twice at the same time gives one session at most', async () => {
    const client = await makeClient()
    const { refresh_token } = await client.connect()
    const answers = await Promise.all([1, 2, 3].map(() => client.refresh(refresh_token)))
    expect(answers.filter(({ ok }) => ok).length).toBeLessThanOrEqual(1)
  })

  test('one is worthless without its key', async () => {
    const client = await makeClient()
    const { refresh_token } = await client.connect()
    client.key = await makeKey()
    expect(await errorOf(await client.refresh(refresh_token))).toBe('invalid_grant')
  })
})

describe('access tokens', () => {
  test('a proof is good for one request, with this token, this method and a fresh nonce', async () => {
    const client = await makeClient()
    const { access_token } = await client.connect()
    const proof = { jti: crypto.randomUUID() }
    expect((await client.whoAmI(access_token, proof)).status).toBe(200)
    expect(await errorOf(await client.whoAmI(access_token, proof))).toBe('invalid_dpop_proof')
    for (const wrong of [{ htm: 'POST' }, { ath: 'wrong' }, { htu: `${issuer}/xrpc/other` }]) {
      const refused = await client.whoAmI(access_token, wrong)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toContain('DPoP')
      expect(await errorOf(refused)).toBe('invalid_dpop_proof')
    }
    const stale = await client.whoAmI(access_token, { nonce: 'of yesterday' })
    expect(stale.headers.get('dpop-nonce')).toBeTruthy()
    expect(await errorOf(stale)).toBe('use_dpop_nonce')
  })

  test('another key does not go with a token, nor does no key at all', async () => {
    const client = await makeClient()
    const { access_token } = await client.connect()
    client.key = await makeKey()
    expect((await client.whoAmI(access_token)).status).toBe(401)
    const url = `${issuer}/xrpc/com.atproto.server.getSession`
    const asBearer = await fetch(url, { headers: { authorization: `Bearer ${access_token}` } })
    expect(asBearer.ok).toBe(false)
    const bare = await fetch(url, { headers: { authorization: `DPoP ${access_token}` } })
    expect(bare.status).toBe(401)
  })

  test('a taken-down account has no sessions of apps any more', async () => {
    const client = await makeClient()
    const before = user
    user = await signUp('taken-down.test')
    const { access_token } = await client.connect()
    const { did } = user
    user = before
    expect((await client.whoAmI(access_token)).status).toBe(200)
    await fetch(`${issuer}/xrpc/com.atproto.admin.updateSubjectStatus`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({
        subject: { $type: 'com.atproto.admin.defs#repoRef', did },
        takedown: { applied: true, ref: 'test' },
      }),
    })
    expect((await client.whoAmI(access_token)).status).toBe(401)
  })
})

describe('requests', () => {
  test('a request without PKCE, or for a place that is not the client’s, is refused', async () => {
    const client = await makeClient()
    const requests: Record<string, string>[] = [
      { code_challenge: '', code_challenge_method: '' },
      { code_challenge_method: 'plain' },
      { redirect_uri: 'https://evil.example.com/callback' },
      { redirect_uri: 'javascript:alert(1)' },
      { scope: 'transition:generic' },
    ]
    for (const wrong of requests) {
      expect((await client.push(wrong)).status).toBe(400)
    }
  })

  test('scopes that nobody knows are dropped, the others stay', async () => {
    const scope = 'atproto example:unknown transition:generic'
    const client = new (class extends BareClient {
      override readonly id = loopbackClient(scope)
    })(await makeKey())
    const url = await client.authorizeUrl({ scope })
    const code = (await consent(url, user)).searchParams.get('code') ?? ''
    const { scope: granted } = (await (await client.trade(code)).json()) as { scope: string }
    expect(granted).toBe('atproto transition:generic')
  })

  test('a client on a private address is not fetched on a host that protects itself', async () => {
    const guarded = await startServer({ env: { PDS_DISABLE_SSRF_PROTECTION: 'false' } })
    try {
      const push = async (client_id: string) => {
        const body = new URLSearchParams({ client_id, response_type: 'code' })
        const response = await fetch(`${guarded.origin}/oauth/par`, { method: 'POST', body })
        return { status: response.status, text: await response.text() }
      }
      expect((await push('https://10.0.0.1/client.json')).status).toBe(400)
      const refused = await push('https://app.internal/client.json')
      expect(refused.status).toBe(400)
      expect(refused.text).toContain('Address refused: app.internal is not public')
    } finally {
      await guarded.stop()
    }
  })
})

describe('pages', () => {
  test('a page cannot be framed, runs no script but its own, and loads nothing from other hosts', async () => {
    const client = await makeClient()
    const browser = new Browser(issuer)
    const page = await browser.open(await client.authorizeUrl(), 'cross-site')
    const csp = String(page.headers['content-security-policy'])
    expect(page.headers['x-frame-options']).toBe('DENY')
    expect(csp).toContain("frame-ancestors 'none'")
    expect(csp).not.toMatch(/script-src[^;]*(unsafe|https?:)/)
    for (const [, url = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(new URL(url, issuer).origin).toBe(issuer)
      expect((await browser.send('GET', url, {})).status).toBe(200)
    }
    const framed = await browser.send('GET', await client.authorizeUrl(), {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'iframe',
    })
    expect(framed.status).toBe(400)
  })

  test('nothing is done for a page of another site, nor without the token of the page', async () => {
    const client = await makeClient()
    const browser = new Browser(issuer)
    await browser.open(await client.authorizeUrl(), 'cross-site')
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example.com' },
      { referer: 'https://evil.example.com/' },
      { 'x-csrf-token': undefined },
      { 'x-csrf-token': '0'.repeat(24) },
    ]) {
      const { identifier: username, password } = user
      const input = { locale: 'en', username, password }
      expect((await browser.api('POST', '/sign-in', input, headers)).status).toBe(400)
    }
  })

  test('what a client calls itself, or puts into its request, is text on the page', async () => {
    const client = await makeClient()
    const state = '</script><script>alert(1)</script>'
    const browser = new Browser(issuer)
    const page = await browser.open(await client.authorizeUrl({ state }), 'cross-site')
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('<script>alert')
    const refused = await browser.open(
      `/oauth/authorize?client_id=${encodeURIComponent(state)}&request_uri=${encodeURIComponent(state)}`,
    )
    expect(refused.status).toBe(400)
    expect(refused.text).not.toContain('<script>alert')
  })

  test('an app password does not sign in', async () => {
    const agent = new AtpAgent({ service: server.origin })
    await agent.login({ identifier: user.identifier, password: user.password })
    const { data } = await agent.com.atproto.server.createAppPassword({ name: 'app' })
    const client = await makeClient()
    const browser = new Browser(issuer)
    await browser.open(await client.authorizeUrl(), 'cross-site')
    const { answer } = await signIn(browser, { ...user, password: data.password })
    expect(answer.status).toBe(400)
  })

  test('a request is bound to the browser that opened it', async () => {
    const client = await makeClient()
    const url = await client.authorizeUrl()
    const victim = new Browser(issuer)
    await victim.open(url, 'cross-site')
    const other = new Browser(issuer)
    await other.open('/account')
    await signIn(other, user)
    const opened = await other.open(url, 'cross-site')
    expect(opened.status).toBe(303)
    expect(opened.headers.location).toContain('error=access_denied')
    await expect(accept(other, user)).rejects.toThrow()
  })
})
