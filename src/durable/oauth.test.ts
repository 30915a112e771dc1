/** What the OAuth object keeps, for how long, and that it keeps no secret. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import { hostObjects, oauthStub } from '../services/objects/stubs.ts'
import { RecentProofs } from '../storage/oauth/recent-proofs.ts'
import type { NewToken } from '../storage/oauth/tokens.ts'
import { resultOf } from '../testing/result.ts'

const objects = hostObjects(env)
const HOUR = 60 * 60 * 1000
const DID = 'did:web:alice.test'

const REQUEST = {
  clientId: 'http://localhost',
  clientAuth: 'null',
  parameters: '{}',
  expiresAt: Date.now() + HOUR,
  deviceId: null,
  did: null,
  codeHash: null,
}

const DEVICE = {
  session: 'sealed',
  userAgent: null,
  ipAddress: '203.0.113.1',
  lastSeenAt: Date.now(),
}

const epoch = () => objects.oauth.accounts.epoch(DID)

const token = (more: Partial<NewToken> = {}): NewToken => ({
  did: DID,
  clientId: 'http://localhost',
  clientAuth: '{"method":"none"}',
  deviceId: null,
  parameters: '{"dpop_jkt":"key"}',
  scope: 'atproto',
  codeHash: null,
  createdAt: Date.now(),
  updatedAt: Date.now(),
  expiresAt: Date.now() + HOUR,
  endsAt: Date.now() + 2 * HOUR,
  ...more,
})

const rotation = (id: string, refreshHash: string) => ({
  id,
  refreshHash,
  clientAuth: '{"method":"none"}',
  scope: 'atproto',
  updatedAt: Date.now(),
  expiresAt: Date.now() + HOUR,
  endsAt: Date.now() + 2 * HOUR,
})

let made = 0
const fresh = (kind: string) => `${kind}-${made++}`

test('of several who rotate the same token at the same time, one succeeds', async () => {
  const id = fresh('tok')
  await objects.oauth.tokens.create(id, token(), hashOf(id), await epoch())
  const outcomes = await Promise.all(
    [1, 2, 3].map(() =>
      resultOf(objects.oauth.tokens.rotate(id, rotation(fresh('tok'), fresh('hash')))),
    ),
  )
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
})

test('a session is found by each refresh token that it has had, and by none once it is gone', async () => {
  const first = fresh('tok')
  const second = fresh('tok')
  await objects.oauth.tokens.create(first, token(), hashOf('first'), await epoch())
  await objects.oauth.tokens.rotate(first, rotation(second, hashOf('second')))
  const found = await objects.oauth.tokens.find('refresh', hashOf('first'))
  expect(found).toMatchObject({ id: second, refreshHash: hashOf('second') })
  await objects.oauth.tokens.delete(second)
  expect(await objects.oauth.tokens.find('refresh', hashOf('first'))).toBeUndefined()
  expect(await objects.oauth.tokens.find('refresh', hashOf('second'))).toBeUndefined()
})

test('a token that was authorized is not authorized any more once it is revoked', async () => {
  const id = fresh('tok')
  await objects.oauth.tokens.create(id, token(), null, await epoch())
  expect((await resultOf(objects.oauth.tokens.authorize(id, fresh('proof')))).ok).toBe(true)
  await objects.oauth.accounts.remove(DID, { devices: true })
  expect((await resultOf(objects.oauth.tokens.authorize(id, fresh('proof')))).ok).toBe(false)
})

test('what was begun before an account was signed out is not completed after', async () => {
  const before = await epoch()
  const request = fresh('req')
  const codeHash = hashOf(request)
  await objects.oauth.requests.create(request, REQUEST, 'network')
  await objects.oauth.devices.create('dev-1', DEVICE, 'network')
  await objects.oauth.accounts.remove(DID, { devices: false })
  const tries = (was: number) => [
    resultOf(objects.oauth.tokens.create(fresh('tok'), token(), null, was)),
    resultOf(objects.oauth.devices.signIn('dev-1', DID, was)),
    resultOf(objects.oauth.clients.authorize(DID, 'https://app.example.com', ['atproto'], was)),
    resultOf(objects.oauth.requests.update(request, { did: DID, codeHash }, was)),
  ]
  for (const attempt of await Promise.all(tries(before))) {
    expect(attempt).toMatchObject({ ok: false, refused: { name: 'InvalidGrant' } })
  }
  for (const attempt of await Promise.all(tries(await epoch()))) {
    expect(attempt).toMatchObject({ ok: true })
  }
  expect(await objects.oauth.requests.consume(codeHash)).toMatchObject({ epoch: await epoch() })
})

test('a code is given out once for a request, and traded in once', async () => {
  const id = fresh('req')
  await objects.oauth.requests.create(id, REQUEST, 'network')
  const codes = ['a', 'b'].map((code) => hashOf(`${id} ${code}`))
  const given = await Promise.all(
    codes.map((codeHash) => resultOf(objects.oauth.requests.update(id, { codeHash, did: DID }))),
  )
  expect(given.filter(({ ok }) => ok)).toHaveLength(1)
  const traded = await Promise.all(
    [...codes, ...codes].map((codeHash) => objects.oauth.requests.consume(codeHash)),
  )
  expect(traded.filter((found) => found !== undefined)).toHaveLength(1)
})

test('what has expired is deleted when the alarm rings, and nothing else', async () => {
  const old = fresh('tok')
  const current = fresh('tok')
  const ended = token({ endsAt: Date.now() - 1 })
  await objects.oauth.tokens.create(old, ended, hashOf(old), await epoch())
  await objects.oauth.tokens.create(current, token(), null, await epoch())
  await objects.oauth.replays.isFirst('of old', -1)
  expect(await runDurableObjectAlarm(oauthStub(env))).toBe(true)
  expect(await objects.oauth.tokens.find('id', old)).toBeUndefined()
  expect(await objects.oauth.tokens.find('id', current)).toBeDefined()
  await runInDurableObject(oauthStub(env), async (_, { storage }) => {
    const { n } = storage.sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM replay WHERE key = 'of old'")
      .one()
    expect(n).toBe(0)
    expect(await storage.getAlarm()).not.toBeNull()
  })
})

test('the same thing is not the first a second time, until its time is over', async () => {
  const key = fresh('key')
  expect(await objects.oauth.replays.isFirst(key, HOUR)).toBe(true)
  expect(await objects.oauth.replays.isFirst(key, HOUR)).toBe(false)
  expect(await objects.oauth.replays.isFirst(key, HOUR)).toBe(false)
})

test('proofs are remembered for the whole of their time, however many windows have passed', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const proofs = new RecentProofs(1_000)
    expect(proofs.isFirst('a')).toBe(true)
    vi.setSystemTime(Date.now() + 999)
    expect(proofs.isFirst('b')).toBe(true)
    vi.setSystemTime(Date.now() + 999)
    expect(proofs.isFirst('b')).toBe(false)
    vi.setSystemTime(Date.now() + 5_000)
    expect(proofs.isFirst('a')).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})
