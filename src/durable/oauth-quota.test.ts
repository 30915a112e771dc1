/** What strangers fill the OAuth object with goes first, and what people are in the middle of stays. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { hostObjects, oauthStub } from '../services/objects/stubs.ts'
import { AuthorizedClients } from '../storage/oauth/clients.ts'
import { Devices } from '../storage/oauth/devices.ts'
import { AuthorizationRequests } from '../storage/oauth/requests.ts'
import { resultOf } from '../testing/result.ts'

const objects = hostObjects(env)
const HOUR = 60 * 60 * 1000
const DID = 'did:web:alice.test'

/** Runs `work` on the object's database, and leaves it empty. */
const withSql = (work: (sql: SqlStorage) => void) =>
  runInDurableObject(oauthStub(env), (_, { storage }) => {
    storage.transactionSync(() => {
      work(storage.sql)
      for (const table of ['request', 'device', 'device_account', 'authorized_client']) {
        storage.sql.exec(`DELETE FROM ${table}`)
      }
    })
  })

const countOf = (sql: SqlStorage, table: string): number =>
  sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n

const pending = (expiresAt = Date.now() + HOUR) => ({
  clientId: 'http://localhost',
  clientAuth: 'null',
  parameters: '{}',
  expiresAt,
  deviceId: null,
  did: null,
  codeHash: null,
})

const device = (lastSeenAt = Date.now()) => ({
  session: 'sealed',
  userAgent: null,
  ipAddress: '203.0.113.1',
  lastSeenAt,
})

test('a flood of authorization requests pushes out its own, and no code', () =>
  withSql((sql) => {
    const requests = new AuthorizationRequests(sql)
    requests.create('honest', pending(), 'home')
    requests.create('opened', { ...pending(), deviceId: 'dev-1' }, 'home')
    requests.create('coded', pending(), 'crowd 0')
    requests.update('coded', { did: DID, codeHash: 'code' })
    for (let n = 0; n < 2_500; n++) {
      requests.create(`flood-${n}`, pending(Date.now() + 2 * HOUR), `crowd ${n % 5}`)
    }
    expect(requests.read('honest')).toBeDefined()
    expect(requests.read('opened')).toBeDefined()
    expect(requests.consume('code')).toMatchObject({ id: 'coded' })
    expect(requests.read('flood-0')).toBeUndefined()
    expect(requests.read('flood-2499')).toBeDefined()
    expect(countOf(sql, 'request')).toBeLessThan(1_050)
  }))

test('of one network, the requests go first that no browser has opened', () =>
  withSql((sql) => {
    const requests = new AuthorizationRequests(sql)
    requests.create('opened', { ...pending(), deviceId: 'dev-1' }, 'home')
    for (let n = 0; n < 1_100; n++) {
      requests.create(`more-${n}`, pending(Date.now() + 2 * HOUR), 'home')
    }
    expect(requests.read('opened')).toBeDefined()
    expect(requests.read('more-0')).toBeUndefined()
  }))

test('an account has so many codes that wait to be traded in, and no more', () =>
  withSql((sql) => {
    const requests = new AuthorizationRequests(sql)
    for (let n = 0; n < 200; n++) {
      requests.create(`mine-${n}`, pending(Date.now() + HOUR + n), 'home')
      requests.update(`mine-${n}`, { did: DID, codeHash: `mine ${n}` })
    }
    expect(countOf(sql, 'request')).toBeLessThanOrEqual(100)
    expect(requests.consume('mine 199')).toBeDefined()
    expect(requests.consume('mine 0')).toBeUndefined()
  }))

test('consent to a request that was forgotten gives no code', () =>
  withSql((sql) => {
    const requests = new AuthorizationRequests(sql)
    requests.update('forgotten', { deviceId: 'dev-1' })
    expect(() => requests.update('forgotten', { did: DID, codeHash: 'code' })).toThrow(
      'begin again',
    )
  }))

test('a flood of browsers pushes out its own', () =>
  withSql((sql) => {
    const devices = new Devices(sql)
    devices.create('honest', device(Date.now() - 60_000), 'home')
    for (let n = 0; n < 7_000; n++) devices.create(`flood-${n}`, device(), `crowd ${n % 9}`)
    expect(devices.read('honest')).toBeDefined()
    expect(devices.read('flood-0')).toBeUndefined()
    expect(countOf(sql, 'device')).toBeLessThan(5_100)
  }))

test('a browser that was forgotten meanwhile is not signed in, and leaves nothing', async () => {
  const epoch = await objects.oauth.accounts.epoch(DID)
  const refused = await resultOf(objects.oauth.devices.signIn('dev-forgotten', DID, epoch))
  expect(refused).toMatchObject({ ok: false, refused: { name: 'InvalidGrant' } })
  await withSql((sql) => expect(countOf(sql, 'device_account')).toBe(0))
})

test('consent to a known app is updated, however many others there are', () =>
  withSql((sql) => {
    const clients = new AuthorizedClients(sql)
    for (let n = 0; n < 205; n++) clients.set(DID, `https://app-${n}.example.com/a`, ['atproto'])
    clients.set(DID, 'https://app-7.example.com/a', ['atproto', 'transition:generic'])
    const known = clients.of(DID)
    expect(known).toHaveLength(200)
    expect(known.find(({ clientId }) => clientId.includes('app-7.'))?.scopes).toHaveLength(2)
    expect(clients.isKnown('https://app-7.example.com/a')).toBe(true)
    expect(clients.isKnown('https://app-204.example.com/a')).toBe(false)
  }))
