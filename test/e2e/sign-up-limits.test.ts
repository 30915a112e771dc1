/** What holds back sign-ups that come too often: from one network, or from many at once. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { readMails } from '../support/mail.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let made = 0

const start = (burst: string) =>
  startServer({
    env: {
      PDS_REGISTRATION: 'open',
      PDS_RATE_LIMITS_ENABLED: 'true',
      PDS_SIGNUP_BURST: burst,
      PDS_CONTACT_EMAIL_ADDRESS: 'operator@example.com',
    },
  })

async function signUp(from: string, { more = {}, authorization = '' } = {}): Promise<Response> {
  const name = `person${made++}`
  return await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...(authorization && { authorization }),
    },
    body: JSON.stringify({
      handle: `${name}.test`,
      did: `did:web:${name}.test`,
      email: `${name}@gmail.com`,
      password: 'correct horse battery',
      ...more,
    }),
  })
}

beforeAll(async () => {
  server = await start('21')
})
afterAll(() => server.stop())

test('twenty an hour come from one network, the /64 of an IPv6 address', async () => {
  for (let n = 0; n < 20; n++) {
    expect((await signUp(`2001:db8:1:2::${n.toString(16)}`)).status).toBe(200)
  }
  const refused = await signUp('2001:db8:1:2:ffff::1')
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({ error: 'RateLimitExceeded' })
  expect((await signUp('2001:db8:1:3::1')).status).toBe(200)
})

test('more from many networks at once are slowed, and the operator is told once', async () => {
  const statuses: number[] = []
  for (let n = 1; n <= 8; n++) statuses.push((await signUp(`192.0.2.${n}`)).status)
  expect(statuses).toEqual([200, ...Array(7).fill(429)])
  const refused = await signUp('198.51.100.1')
  const wait = Number(refused.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(60)
  expect(wait).toBeLessThanOrEqual(Math.ceil(3600 / 21))
  expect(await refused.json()).toMatchObject({
    error: 'RateLimitExceeded',
    message: expect.stringMatching(/Too many people are signing up .* try again in \d minutes/),
  })
  const told = async () =>
    (await readMails(server.origin)).filter(({ to }) => to === 'operator@example.com')
  await vi.waitFor(async () => expect(await told()).toHaveLength(1))
  const [mail] = await told()
  expect(mail?.subject).toBe('Many sign-ups on localhost')
  expect(mail?.text).toMatch(/^21 accounts were made on localhost .* from 2 networks\./)

  // Whom the operator lets in is no part of it.
  const authorization = operatorOf(server)
  expect((await signUp('192.0.2.1', { authorization })).status).toBe(200)
  expect(await told()).toHaveLength(1)
})

test('names that the operator reserves are given to nobody, and those that are freed to anybody', async () => {
  const authorization = operatorOf(server)
  const ask = async (body: object) => {
    const response = await fetch(`${server.origin}/operator/handles`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, ...((await response.json()) as object) }
  }
  expect(await ask({ name: 'Bakery', rule: 'reserved' })).toEqual({ status: 200 })
  expect(await ask({ name: 'guide', rule: 'free' })).toEqual({ status: 200 })
  expect(await ask({})).toEqual({
    status: 200,
    rules: [
      { name: 'bakery', rule: 'reserved' },
      { name: 'guide', rule: 'free' },
    ],
  })
  for (const name of ['bakery.test', '', "x' OR 1", 'a'.repeat(64)]) {
    expect(await ask({ name, rule: 'reserved' })).toMatchObject({ status: 400 })
  }
  const available = async (handle: string) => {
    const url = `${server.origin}/xrpc/com.atproto.temp.checkHandleAvailability?handle=${handle}`
    const { result } = (await (await fetch(url)).json()) as { result: { $type: string } }
    return result.$type.endsWith('#resultAvailable')
  }
  expect(await available('guide.test')).toBe(true)
  expect(await available('bakery.test')).toBe(false)
  const reserved = { handle: 'bakery.test', did: 'did:web:bakery.test' }
  const refused = await signUp('203.0.113.9', { more: reserved })
  expect(await refused.json()).toMatchObject({ error: 'HandleNotAvailable' })
  // From the operator one may have it.
  expect((await signUp('203.0.113.9', { more: reserved, authorization })).status).toBe(200)
  await ask({ name: 'guide', rule: null })
  expect(await available('guide.test')).toBe(false)
})
