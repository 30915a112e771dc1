/** What is done for somebody who is signed in is done only while they still are, and ends with what let them in. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { makeChallenge } from '../../services/factors/challenge.ts'
import { authenticationOptions } from '../../services/factors/passkeys.ts'
import { hostObjects } from '../../services/objects/stubs.ts'
import { Authenticator } from '../../testing/authenticator.ts'
import { makeAccount, PASSWORD } from '../../testing/host.ts'
import { expectValue, resultOf } from '../../testing/result.ts'

const HOST = { hostname: 'localhost', publicUrl: 'http://localhost:2583' }
const SECRET = env.PDS_JWT_SECRET ?? ''
const objects = hostObjects(env)
const random = () => crypto.randomUUID()
const refused = (name: string) => ({ ok: false, refused: expect.objectContaining({ name }) })

async function signIn(did: string): Promise<{ browser: string; session: string }> {
  const account = objects.account(did)
  const opened = await account.browserSessions.open(PASSWORD)
  const session = await account.sessions.open(PASSWORD)
  if (!opened || !('token' in opened) || !session) throw new Error('not signed in')
  return { browser: opened.token, session: session.session.family }
}

test('a call for somebody who was signed out meanwhile does nothing', async () => {
  const { did } = await makeAccount()
  const { browser, session } = await signIn(did)
  const add = (holder: { browser: string } | { session: string }) =>
    resultOf(objects.account(did, holder).passwords.addAppPassword(random(), random(), true))
  expect(await add({ browser })).toMatchObject({ ok: true })
  expect(await add({ session })).toMatchObject({ ok: true })
  await objects.account(did).passwords.set('another password')
  expect(await add({ browser })).toMatchObject(refused('AuthenticationRequired'))
  expect(await add({ session })).toMatchObject(refused('ExpiredToken'))
  expect(await objects.account(did).passwords.listAppPasswords()).toHaveLength(2)
})

test('at the same time as a new password, no app password is left that the owner is not asked about', async () => {
  const { did } = await makeAccount()
  const { session } = await signIn(did)
  const account = objects.account(did)
  await Promise.all([
    account.passwords.set('another password'),
    ...Array.from({ length: 5 }, (_, n) =>
      resultOf(
        objects.account(did, { session }).passwords.addAppPassword(`thief ${n}`, `p${n}`, true),
      ),
    ),
  ])
  const left = await account.passwords.listAppPasswords()
  expect((await account.passwords.review()) !== null).toBe(left.length > 0)
})

async function addPasskey(did: string): Promise<Authenticator> {
  const device = new Authenticator(HOST.publicUrl)
  const { passkeys } = objects.account(did)
  const options = JSON.parse(await passkeys.beginRegistration())
  expectValue(await resultOf(passkeys.register('phone', device.create(options))))
  return device
}

const openBy = (did: string, device: Authenticator) =>
  objects
    .account(did)
    .browserSessions.openByPasskey(
      device.id,
      device.get(authenticationOptions(HOST, makeChallenge(SECRET))),
    )

test.each<[string, (did: string, id: string, keep: string) => Promise<void>]>([
  ['removed', (did, id, keep) => objects.account(did).passkeys.remove(id, keep)],
  ['among all that are', (did, _, keep) => objects.account(did).passwords.endReview(true, keep)],
])('what a passkey opened ends when it is %s', async (_, remove) => {
  const { did } = await makeAccount()
  const browserId = `dev-${random()}`
  const device = await addPasskey(did)
  const thief = await openBy(did, device)
  const { browser: owner } = await signIn(did)
  const seen = { session: 's', userAgent: null, ipAddress: '::1', lastSeenAt: Date.now() }
  await objects.oauth.devices.create(browserId, seen, 'a network')
  await objects.oauth.devices.signIn(browserId, did, await objects.oauth.accounts.epoch(did))
  await remove(did, device.id, owner)
  const { browserSessions } = objects.account(did)
  expect(await browserSessions.find(thief)).toBeNull()
  expect(await browserSessions.find(owner)).toMatchObject({ did })
  expect(await objects.oauth.devices.accounts({ did })).toEqual([])
  await expect(openBy(did, device)).rejects.toMatchObject({ error: 'AuthenticationRequired' })
})
