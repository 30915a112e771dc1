/** What the OAuth object keeps, for how long, and that it keeps no secret. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import { unwrap } from '../services/objects/result.ts'
import { oauth } from '../services/objects/stubs.ts'
import { RecentProofs } from '../storage/oauth/recent-proofs.ts'
import type { NewToken } from '../storage/oauth/tokens.ts'

const HOUR = 60 * 60 * 1000
const DID = 'did:web:alice.test'

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
  await oauth(env).createToken(id, token(), hashOf(id))
  const outcomes = await Promise.all(
    [1, 2, 3].map(() => oauth(env).rotateToken(id, rotation(fresh('tok'), fresh('hash')))),
  )
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
})

test('a session is found by each refresh token that it has had, and by none once it is gone', async () => {
  const first = fresh('tok')
  const second = fresh('tok')
  await oauth(env).createToken(first, token(), hashOf('first'))
  unwrap(await oauth(env).rotateToken(first, rotation(second, hashOf('second'))))
  const found = await oauth(env).findToken('refresh', hashOf('first'))
  expect(found).toMatchObject({ id: second, refreshHash: hashOf('second') })
  await oauth(env).deleteToken(second)
  expect(await oauth(env).findToken('refresh', hashOf('first'))).toBeUndefined()
  expect(await oauth(env).findToken('refresh', hashOf('second'))).toBeUndefined()
})

test('a token that was admitted is not admitted any more once it is revoked', async () => {
  const id = fresh('tok')
  await oauth(env).createToken(id, token(), null)
  expect((await oauth(env).admit(id, fresh('proof'))).ok).toBe(true)
  await oauth(env).forgetAccount(DID, { devices: true })
  expect((await oauth(env).admit(id, fresh('proof'))).ok).toBe(false)
})

test('a code is given out once for a request, and traded in once', async () => {
  const id = fresh('req')
  const request = {
    clientId: 'http://localhost',
    clientAuth: 'null',
    parameters: '{}',
    expiresAt: Date.now() + HOUR,
    deviceId: null,
    did: null,
    codeHash: null,
  }
  await oauth(env).createRequest(id, request)
  const codes = ['a', 'b'].map((code) => hashOf(`${id} ${code}`))
  const given = await Promise.all(
    codes.map((codeHash) => oauth(env).updateRequest(id, { codeHash, did: DID })),
  )
  expect(given.filter(({ ok }) => ok)).toHaveLength(1)
  const traded = await Promise.all(
    [...codes, ...codes].map((codeHash) => oauth(env).consumeCode(codeHash)),
  )
  expect(traded.filter((found) => found !== undefined)).toHaveLength(1)
})

test('what has expired is deleted when the alarm rings, and nothing else', async () => {
  const old = fresh('tok')
  const current = fresh('tok')
  await oauth(env).createToken(old, token({ endsAt: Date.now() - 1 }), hashOf(old))
  await oauth(env).createToken(current, token(), null)
  await oauth(env).isFirst('of old', -1)
  expect(await runDurableObjectAlarm(oauth(env))).toBe(true)
  expect(await oauth(env).findToken('id', old)).toBeUndefined()
  expect(await oauth(env).findToken('id', current)).toBeDefined()
  await runInDurableObject(oauth(env), async (_, { storage }) => {
    const { n } = storage.sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM replay WHERE key = 'of old'")
      .one()
    expect(n).toBe(0)
    expect(await storage.getAlarm()).not.toBeNull()
  })
})

test('the same thing is not the first a second time, until its time is over', async () => {
  const key = fresh('key')
  expect(await oauth(env).isFirst(key, HOUR)).toBe(true)
  expect(await oauth(env).isFirst(key, HOUR)).toBe(false)
  expect(await oauth(env).isFirst(key, HOUR)).toBe(false)
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
