/** The OAuth server of a host that has its limits on: what strangers can make it keep and do. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loopbackClient, publicOrigin } from '../support/oauth.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Requests of the flood; ten thousand in the long form. */
const FLOOD = process.env.CUMULUS_LONG ? 10_000 : 2_500
const MB = 1024 * 1024
const SCOPE = 'atproto'

let server: TestServer
let key: Awaited<ReturnType<typeof makeKey>>
let nonce = ''

beforeAll(async () => {
  server = await startServer({ env: { PDS_RATE_LIMITS_ENABLED: 'true' } })
  key = await makeKey()
})
afterAll(() => server.stop())

async function makeKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { jwk, privateKey, thumbprint: await calculateJwkThumbprint(jwk) }
}

async function push(
  from: string,
  more: Record<string, string> = {},
  jti: string = crypto.randomUUID(),
): Promise<Response> {
  const url = `${publicOrigin(server.origin)}/oauth/par`
  const dpop = await new SignJWT({ htm: 'POST', htu: url, jti, ...(nonce && { nonce }) })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk })
    .setIssuedAt()
    .sign(key.privateKey)
  const response = await fetch(url, {
    method: 'POST',
    headers: { dpop, 'x-forwarded-for': from },
    body: new URLSearchParams({
      client_id: loopbackClient(SCOPE),
      redirect_uri: 'http://127.0.0.1/callback',
      response_type: 'code',
      scope: SCOPE,
      state: 'state',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      ...more,
    }),
  })
  nonce = response.headers.get('dpop-nonce') ?? nonce
  return response
}

/** Opens a page as a browser does. @returns the status */
function openPage(headers: Record<string, string>, path = '/account'): Promise<number | undefined> {
  const navigation = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'none',
  }
  return new Promise((resolve, reject) => {
    const url = `${server.origin}${path}`
    const host = new URL(publicOrigin(server.origin)).host
    request(url, { headers: { host, ...navigation, ...headers } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
      .once('error', reject)
      .end()
  })
}

/** Bytes of the object's database, log included. */
function sizeOfObject(): number {
  const folder = join(server.dataDirectory, 'objects', 'OAuthObject')
  return readdirSync(folder)
    .filter((name) => !name.startsWith('metadata'))
    .reduce(
      // An object that goes to sleep takes its log away.
      (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
}

const address = (n: number) => `198.51.${Math.floor(n / 250) % 250}.${n % 250}`

test('what is too long is refused by its name', async () => {
  const from = '203.0.113.9'
  await push(from)
  for (const [name, length] of [
    ['state', 2049],
    ['login_hint', 513],
  ] as const) {
    const answer = await push(from, { [name]: 'a'.repeat(length) })
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: 'invalid_request', error_description: expect.stringContaining(name) },
    ])
  }
  expect((await push(from, { state: 'a'.repeat(2048) })).status).toBe(201)
  expect((await push(from, { state: 'a'.repeat(40_000) })).status).toBe(413)
})

test('requests of one network are counted, also where an IPv6 customer has many addresses', async () => {
  const statuses: number[] = []
  for (let n = 0; n < 305; n++) {
    statuses.push((await push(`2001:db8:0:1::${n.toString(16)}`)).status)
  }
  expect(statuses.slice(0, 300)).not.toContain(429)
  expect(statuses.slice(300)).toEqual(Array(5).fill(429))
  expect((await push('2001:db8:0:2::1')).status).toBe(201)
  expect(await openPage({ 'x-forwarded-for': '2001:db8:0:1::1' })).toBe(200)
})

test('a few networks that ask for as much as they may push out nobody else', async () => {
  const from = { 'x-forwarded-for': '203.0.113.50' }
  const { request_uri } = (await (await push('203.0.113.50')).json()) as { request_uri: string }
  for (let n = 0; n < 300; n += 10) {
    const networks = Array.from({ length: 50 }, (_, at) => `203.0.113.${60 + (at % 5)}`)
    const answers = await Promise.all(networks.map((network) => push(network)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  }
  const client_id = loopbackClient(SCOPE)
  const page = `/oauth/authorize?${new URLSearchParams({ client_id, request_uri })}`
  expect(await openPage(from, page)).toBe(200)
  const unknown = { client_id, request_uri: `${request_uri.slice(0, -4)}0000` }
  expect(await openPage(from, `/oauth/authorize?${new URLSearchParams(unknown)}`)).toBe(400)
})

test('the object stays small, however many requests and browsers come', async () => {
  await push('203.0.113.1')
  const before = sizeOfObject()
  const statuses = new Set<number | undefined>()
  for (let n = 0; n < FLOOD; n += 20) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, at) => {
        const from = { 'x-forwarded-for': address(n + at) }
        statuses.add((await push(address(n + at), { state: 'x'.repeat(2048) })).status)
        statuses.add(await openPage({ 'user-agent': 'u'.repeat(15_000), ...from }))
      }),
    )
  }
  expect([...statuses].sort()).toEqual([200, 201])
  const grown = sizeOfObject() - before
  console.log(`${FLOOD} requests: ${(grown / MB).toFixed(1)} MB`)
  expect(grown).toBeLessThan(16 * MB)
}, 120_000)
