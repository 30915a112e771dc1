/** Apps that publish metadata and keys on a site of their own. Only that site is stood in for. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { JoseKey } from '@atproto/jwk-jose'
import { exportPKCS8, generateKeyPair, type JWK } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import { hostObjects, oauthStub } from '../services/objects/stubs.ts'
import { request } from '../testing/browser-session.ts'
import {
  ASSERTION,
  ConfidentialClient,
  type Key,
  libraryKey,
  makeKey,
  type Tokens,
} from '../testing/confidential-client.ts'
import { type ForeignSite, foreignSite, jsonPage } from '../testing/foreign-site.ts'
import { makeAccount, PASSWORD, type TestAccount } from '../testing/host.ts'

const MINUTE = 60 * 1000
const DAY = 24 * 60 * MINUTE

let site: ForeignSite
let account: TestAccount
let client: ConfidentialClient

beforeEach(async () => {
  account = await makeAccount()
  site = foreignSite()
  client = await ConfidentialClient.make()
  site.pages = {
    [client.id]: jsonPage(client.metadata),
    [client.keysUrl]: jsonPage({ keys: [client.key.jwk] }),
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

const consent = () => client.code(account.did, PASSWORD)

async function connect(): Promise<Tokens> {
  const response = await client.trade(await consent())
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

const whoAmI = ({ access_token }: Tokens) =>
  client.call(access_token, '/xrpc/com.atproto.server.getSession')

/** A code challenge of its own for each request: the host takes none twice. */
const challenge = () => hashOf(crypto.randomUUID())

interface Refusal {
  error: string
  error_description: string
}

/** How a request was refused. */
async function refusal(response: Response): Promise<Refusal & { status: number }> {
  return { status: response.status, ...((await response.json()) as Refusal) }
}

describe('an app with a key', () => {
  test('signs somebody in, calls, refreshes, and signs them out', async () => {
    const first = await connect()
    expect(await (await whoAmI(first)).json()).toMatchObject({ did: account.did })
    const [token, ...others] = await hostObjects(env).oauth.tokens.ofAccount(account.did)
    expect(others).toEqual([])
    expect(token?.clientId).toBe(client.id)
    expect(JSON.parse(token?.clientAuth ?? '')).toMatchObject({
      method: 'private_key_jwt',
      alg: 'ES256',
      kid: 'first',
    })
    expect((token?.endsAt ?? 0) - Date.now()).toBeGreaterThan(90 * DAY)

    const second = (await (await client.refresh(first.refresh_token)).json()) as Tokens
    expect((await whoAmI(second)).status).toBe(200)
    expect((await whoAmI(first)).status).toBe(401)
    await client.post('/oauth/revoke', { token: second.refresh_token })
    expect((await whoAmI(second)).status).toBe(401)
    expect(await hostObjects(env).oauth.tokens.ofAccount(account.did)).toEqual([])
    expect(new Set(site.asked)).toEqual(new Set([client.id, client.keysUrl]))
  })
})

/** Keys as `@atproto/oauth-client-node` makes them, by where they come from. */
const libraryKeys: Record<string, () => Promise<JoseKey>> = {
  'generated ones': () => JoseKey.generate(['ES256'], 'first'),
  'those of a PEM file': async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    return JoseKey.fromPKCS8(await exportPKCS8(privateKey), 'ES256', 'first')
  },
  'those of a JWK without use': () => fromJwk({}),
  'those of a JWK with use': () => fromJwk({ use: 'sig' }),
  'those of a JWK with key_ops': () => fromJwk({ key_ops: ['sign'] }),
}

async function fromJwk(more: JWK): Promise<JoseKey> {
  const { privateJwk } = await makeKey('first')
  return JoseKey.fromImportable(JSON.stringify({ ...privateJwk, ...more }), 'first')
}

test('a clock that is some seconds ahead, or behind, keeps no app out', async () => {
  await client.push()
  const now = Math.floor(Date.now() / 1000)
  for (const iat of [now + 20, now - 80]) {
    const client_assertion = await client.assertion({ iat, exp: iat + 60 })
    const response = await client.push({ client_assertion, code_challenge: challenge() })
    expect(response.status, `${iat - now} s`).toBe(201)
  }
})

describe('keys of the official client library', () => {
  for (const [origin, make] of Object.entries(libraryKeys)) {
    test(`sign somebody in: ${origin}`, async () => {
      client.key = await libraryKey(await make())
      site.pages[client.keysUrl] = jsonPage({ keys: [client.key.jwk] })
      expect((await whoAmI(await connect())).status).toBe(200)
    })
  }

  test('also stand in the metadata themselves', async () => {
    client.key = await libraryKey(await JoseKey.generate(['ES256'], 'first'))
    const { jwks_uri: _, ...metadata } = client.metadata
    site.pages[client.id] = jsonPage({ ...metadata, jwks: { keys: [client.key.jwk] } })
    expect((await whoAmI(await connect())).status).toBe(200)
  })

  test('are for what they say only', async () => {
    client.key = await libraryKey(await JoseKey.generate(['ES256'], 'first'))
    const jwk = { ...client.key.jwk, key_ops: ['encrypt', 'wrapKey'] }
    site.pages[client.keysUrl] = jsonPage({ keys: [jwk] })
    expect(await refusal(await client.push())).toMatchObject({
      status: 400,
      error: 'invalid_client',
      error_description: expect.stringContaining('no applicable key found'),
    })
  })
})

test('an app with a key needs no proof to sign somebody out', async () => {
  const tokens = await connect()
  const revoke = async (key: Key) => {
    client.key = key
    const body = new URLSearchParams({
      client_id: client.id,
      client_assertion_type: ASSERTION,
      client_assertion: await client.assertion(),
      token: tokens.refresh_token,
    })
    expect((await request('/oauth/revoke', { method: 'POST', body })).status).toBe(200)
  }
  const right = client.key
  await revoke(await makeKey('first'))
  expect((await whoAmI(tokens)).status).toBe(200)
  await revoke(right)
  expect((await whoAmI(tokens)).status).toBe(401)
})

describe('who cannot show the key', () => {
  test('cannot ask for anything', async () => {
    const wrong = await makeKey('first')
    const right = client.key
    client.key = wrong
    expect(await refusal(await client.push())).toMatchObject({
      status: 400,
      error: 'invalid_client',
      error_description: expect.stringContaining('signature verification failed'),
    })
    client.key = right
    const none = { client_assertion: undefined, client_assertion_type: undefined }
    expect(await refusal(await client.push(none))).toMatchObject({
      status: 400,
      error: 'invalid_request',
      error_description: expect.stringContaining('client_assertion'),
    })
    expect((await client.push()).status).toBe(201)
  })

  test('gets no tokens for a code or a refresh token that it found', async () => {
    const right = client.key
    const code = await consent()
    client.key = await makeKey('first')
    expect((await refusal(await client.trade(code))).error).toBe('invalid_client')
    client.key = right
    const tokens = await connect()
    client.key = await makeKey('first')
    expect((await refusal(await client.refresh(tokens.refresh_token))).error).toBe('invalid_client')
    await client.post('/oauth/revoke', { token: tokens.refresh_token })
    expect((await whoAmI(tokens)).status).toBe(200)
  })

  test('cannot use an assertion for another server, by another app, or from long ago', async () => {
    const day = Math.floor((Date.now() - DAY) / 1000)
    for (const claims of [
      { aud: 'https://pds.example.com' },
      { iss: 'https://other.example.com/client-metadata.json' },
      { sub: 'https://other.example.com/client-metadata.json' },
      { jti: undefined },
      { iat: day, exp: day + 60 },
    ]) {
      const client_assertion = await client.assertion(claims)
      const refused = await refusal(await client.push({ client_assertion }))
      expect(refused, JSON.stringify(claims)).toMatchObject({
        status: 400,
        error: 'invalid_client',
      })
    }
  })

  test('cannot use an assertion that was made in the far future', async () => {
    const minutes = Math.floor(Date.now() / 1000) + 5 * 60
    const client_assertion = await client.assertion({ iat: minutes, exp: minutes + 60 })
    expect((await refusal(await client.push({ client_assertion }))).error).toBe('invalid_client')
  })

  test('cannot make the host forget an assertion while it is taken', async () => {
    // Half a minute is granted to clocks, at its end as well.
    const exp = Math.floor(Date.now() / 1000) - 10
    const client_assertion = await client.assertion({ iat: exp - 30, exp })
    await client.push()
    expect((await client.push({ client_assertion, code_challenge: challenge() })).status).toBe(201)
    await runInDurableObject(oauthStub(env), (_, { storage }) => {
      const { last } = storage.sql
        .exec<{ last: number }>('SELECT max(expires_at) AS last FROM replay')
        .one()
      expect(last).toBeGreaterThan(Date.now() + 2 * MINUTE)
    })
    const again = await client.push({ client_assertion, code_challenge: challenge() })
    expect((await refusal(again)).error).toBe('invalid_grant')
  })

  test('cannot make the host remember an assertion for longer than it is taken', async () => {
    const exp = Math.floor((Date.now() + 3650 * DAY) / 1000)
    const client_assertion = await client.assertion({ exp })
    expect((await client.push({ client_assertion, code_challenge: challenge() })).status).toBe(201)
    await runInDurableObject(oauthStub(env), (_, { storage }) => {
      const { last } = storage.sql
        .exec<{ last: number }>('SELECT max(expires_at) AS last FROM replay')
        .one()
      expect(last).toBeLessThan(Date.now() + 2 * DAY)
    })
  })

  test('cannot show an assertion again', async () => {
    await client.push()
    const client_assertion = await client.assertion()
    expect((await client.push({ client_assertion, code_challenge: challenge() })).status).toBe(201)
    const again = await client.push({ client_assertion, code_challenge: challenge() })
    expect(await refusal(again)).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      error_description: expect.stringContaining('jti reused'),
    })
  })
})

describe('a session', () => {
  test('stays bound to the key that it began with', async () => {
    const first = client.key
    const second = await makeKey('second')
    site.pages[client.keysUrl] = jsonPage({ keys: [first.jwk, second.jwk] })
    const tokens = await connect()
    client.key = second
    expect((await client.push({ code_challenge: challenge() })).status).toBe(201)
    expect(await refusal(await client.refresh(tokens.refresh_token))).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    })
  })
})
