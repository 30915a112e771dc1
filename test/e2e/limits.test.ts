/** Rate limits of a host that has them on. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const BYPASS = 'a key of the operator'

let server: TestServer
beforeAll(async () => {
  server = await startServer({
    env: { PDS_RATE_LIMITS_ENABLED: 'true', PDS_RATE_LIMIT_BYPASS_KEY: BYPASS },
  })
})
afterAll(() => server.stop())

const call = (method: string, init?: RequestInit & { from?: string; bypass?: string }) =>
  fetch(`${server.origin}/xrpc/${method}`, {
    ...init,
    headers: {
      'content-type': 'application/json',
      ...(init?.from && { 'x-forwarded-for': init.from }),
      ...(init?.bypass && { 'x-ratelimit-bypass': init.bypass }),
      ...init?.headers,
    },
  })

const guess = (from: string, bypass?: string) =>
  call('com.atproto.server.createSession', {
    method: 'POST',
    from,
    bypass,
    body: JSON.stringify({ identifier: HANDLE, password: 'a wild guess' }),
  })

test('passwords can be guessed thirty times from one address, by many isolates or few', async () => {
  const statuses: number[] = []
  // Some at once, but no more than may wait for a hash at a time: that would be 429, too.
  while (statuses.length < 40) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => guess('203.0.113.1')))
    statuses.push(...answers.map(({ status }) => status))
  }
  statuses.sort()
  expect(statuses).toEqual([...Array(30).fill(401), ...Array(10).fill(429)])
  const refused = await guess('203.0.113.1')
  expect(await refused.json()).toEqual({
    error: 'RateLimitExceeded',
    message: 'Rate Limit Exceeded',
  })
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'ratelimit-limit': '30',
    'ratelimit-remaining': '0',
    'ratelimit-policy': '30;w=300',
    'retry-after': expect.stringMatching(/^\d+$/),
  })
  // The owner, who comes from somewhere else, gets in; and the operator's key opens everything.
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  expect((await guess('203.0.113.1', BYPASS)).status).toBe(401)
  expect((await guess('203.0.113.1', 'no key')).status).toBe(429)
})

test('spellings of a name and other places to try a password have one budget, which the answers do not show', async () => {
  const did = `did:web:${HANDLE}`
  const signIn = (identifier: string, from: string, password = 'a wild guess') =>
    call('com.atproto.server.createSession', {
      method: 'POST',
      from,
      body: JSON.stringify({ identifier, password }),
    })
  const names = [HANDLE, `@${HANDLE}`, HANDLE.toUpperCase(), did, ` ${HANDLE} `]
  for (let n = 0; n < 20; n++) {
    // One customer of IPv6 has many addresses.
    const from = `2001:db8::${n}`
    expect((await signIn(names[n % names.length] ?? '', from)).status).toBe(401)
    const body = JSON.stringify({ did, password: 'a wild guess', token: 'none' })
    const deletion = await call('com.atproto.server.deleteAccount', { method: 'POST', from, body })
    expect(deletion.status).toBe(401)
  }
  expect((await signIn(did, '2001:db8::99', PASSWORD)).status).toBe(401)
  expect((await signIn(did, '2001:db8:0:1::99', PASSWORD)).status).toBe(200)
  // What is left for one name does not show how often another of the same account was tried.
  const left = async (identifier: string) =>
    (await signIn(identifier, '203.0.113.60')).headers.get('ratelimit-remaining')
  expect([await left(HANDLE), await left(did), await left('nobody.test')]).toEqual([
    '29',
    '29',
    '29',
  ])
})

test('guesses from one address are counted, whomever they are about', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      const body = JSON.stringify({ identifier: `nobody${n}.test`, password: 'a wild guess' })
      const from = '203.0.113.40'
      return (await call('com.atproto.server.createSession', { method: 'POST', from, body })).status
    }),
  )
  expect(statuses.filter((status) => status !== 429).length).toBeLessThanOrEqual(100)
})

test('the operator’s password is guessed twenty times, in all places together, and written to the log', async () => {
  const from = '203.0.113.50'
  const authorization = `Basic ${btoa('admin:a wild guess, and a long one')}`
  const attempts = Array.from({ length: 30 }, (_, n) =>
    n % 2
      ? call('com.atproto.admin.getInviteCodes', { from, headers: { authorization } })
      : fetch(`${server.origin}/settings/passkey/link`, {
          method: 'POST',
          headers: { authorization, 'x-forwarded-for': from, 'content-type': 'application/json' },
          body: JSON.stringify({ account: HANDLE }),
        }),
  )
  const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort()
  expect(statuses).toEqual([...Array(20).fill(401), ...Array(10).fill(429)])
  const right = { authorization: operatorOf(server) }
  const method = 'com.atproto.admin.getInviteCodes'
  expect((await call(method, { from, headers: right })).status).toBe(429)
  const elsewhere = await Promise.all(
    Array.from({ length: 40 }, () => call(method, { from: '203.0.113.51', headers: right })),
  )
  expect(new Set(elsewhere.map(({ status }) => status))).toEqual(new Set([200]))
})

test('guesses are still counted after the server was killed', async () => {
  const { dataDirectory } = server
  const port = Number(new URL(server.origin).port)
  await server.stop('SIGKILL')
  server = await startServer({ dataDirectory, port, env: { PDS_RATE_LIMITS_ENABLED: 'true' } })
  expect((await guess('203.0.113.1')).status).toBe(429)
})

test('whoever writes is told how much is left', async () => {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const collection = 'app.bsky.feed.post'
  const repo = agent.assertDid
  const record = { text: 'counted', createdAt: new Date().toISOString() }
  const first = await agent.com.atproto.repo.createRecord({ repo, collection, record })
  const second = await agent.com.atproto.repo.createRecord({ repo, collection, record })
  const remaining = ({ headers }: typeof first) => Number(headers['ratelimit-remaining'])
  expect(remaining(first) - remaining(second)).toBeGreaterThanOrEqual(1)
  expect(first.headers['ratelimit-policy']).toMatch(/^\d+;w=\d+$/)
})

test('all requests of an address are counted', async () => {
  const from = '203.0.113.2'
  const answer = await call('com.atproto.server.describeServer', { from })
  expect(answer.headers.get('ratelimit-limit')).toBe('3000')
  const again = await call('com.atproto.server.describeServer', { from })
  expect(again.headers.get('ratelimit-remaining')).toBe('2998')
  const backup = await call(`com.atproto.sync.getRepo?did=did:web:${HANDLE}`, { from })
  expect(backup.headers.get('ratelimit-limit')).toBe('6000')
})

test('an account makes twenty app passwords an hour, by apps and on its page together', async () => {
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  const { handle, accessJwt } = made
  const page = await SettingsSession.open(server.origin, handle, `password of ${handle}`)
  const make = (name: string) =>
    call('com.atproto.server.createAppPassword', {
      method: 'POST',
      headers: { authorization: `Bearer ${accessJwt}` },
      body: JSON.stringify({ name }),
    })
  const here = await page.post('/settings/app-passwords', { name: 'on the page' })
  expect(here.status).toBe(200)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => make(`app ${n % 10}`)))
  const statuses = answers.map(({ status }) => status).sort()
  // Names that are taken count, too.
  expect(statuses).toEqual([...Array(10).fill(200), ...Array(9).fill(400), 429])
  expect((await page.post('/settings/app-passwords', { name: 'one more' })).status).toBe(429)
})

test('a host in development does not count', async () => {
  const open = await startServer()
  const answer = await fetch(`${open.origin}/xrpc/com.atproto.server.describeServer`)
  expect(answer.headers.has('ratelimit-limit')).toBe(false)
  await open.stop()
})
