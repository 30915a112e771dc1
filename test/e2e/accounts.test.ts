/** Accounts as their owners know them: made, named, signed in, changed, switched off, deleted. */
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { verifyRepoCar } from '@atproto/repo'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { mailTo } from '../support/mail.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { getAs } from '../support/reverse-proxies.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let dns: TestDns
let server: TestServer
let recovery: Secp256k1Keypair

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  recovery = await Secp256k1Keypair.create()
  server = await startServer({
    env: { PDS_DID_PLC_URL: plc.url, PDS_DOH_URL: dns.url, PDS_REGISTRATION: 'open' },
  })
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
  await dns.stop()
})

const PASSWORD = 'a long password'
let made = 0

/** Signs somebody up, as an app does. */
async function signUp(more: { recoveryKey?: string } = {}) {
  const agent = new AtpAgent({ service: server.origin })
  const handle = `person${made++}.test`
  const email = `${handle}@example.com`
  await agent.createAccount({ handle, email, password: PASSWORD, ...more })
  return { agent, did: agent.assertDid, handle, email }
}

const dataOf = async (did: string) =>
  (await (await fetch(`${plc.url}/${did}/data`)).json()) as {
    rotationKeys: string[]
    alsoKnownAs: string[]
    verificationMethods: { atproto: string }
    services: { atproto_pds: { endpoint: string } }
  }

const refusal = (error: string, status = 400) => expect.objectContaining({ error, status })

async function asOperator(nsid: string, body: object): Promise<Response> {
  return fetch(`${server.origin}/xrpc/${nsid}`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Kinds of the events about an account after `cursor`, once the last of them is `last`. */
async function eventsOf(did: string, last: string, count: number, cursor = 0): Promise<string[]> {
  const reader = new FirehoseReader(server.origin, cursor)
  const about = () =>
    reader.events.filter(({ body }) => (body.did ?? body.repo) === did).map(({ type }) => type)
  await reader.until(() => about().length >= count && about().at(-1) === last)
  reader.close()
  return about()
}

test('whoever signs up gets a did:plc, with their recovery key before the key of the host', async () => {
  const { did, handle, agent } = await signUp({ recoveryKey: recovery.did() })
  const data = await dataOf(did)
  expect(did).toMatch(/^did:plc:[a-z2-7]{24}$/)
  expect(data.rotationKeys).toHaveLength(2)
  expect(data.rotationKeys[0]).toBe(recovery.did())
  expect(data.alsoKnownAs).toEqual([`at://${handle}`])
  expect(data.services.atproto_pds.endpoint).toBe(server.origin.replace('127.0.0.1', 'localhost'))
  const { data: car } = await agent.com.atproto.sync.getRepo({ did })
  await verifyRepoCar(car, did, data.verificationMethods.atproto)
  const kinds = await eventsOf(did, '#sync', 4)
  expect(kinds).toEqual(['#identity', '#account', '#commit', '#sync'])
  const status = await agent.com.atproto.server.checkAccountStatus()
  expect(status.data).toMatchObject({ activated: true, validDid: true, indexedRecords: 0 })
})

test('a host says what it offers', async () => {
  const { data } = await new AtpAgent({
    service: server.origin,
  }).com.atproto.server.describeServer()
  expect(data).toMatchObject({ inviteCodeRequired: false, availableUserDomains: ['.test'] })
})

test('a host is closed unless its operator opens it', async () => {
  const closed = await startServer()
  const agent = new AtpAgent({ service: closed.origin })
  const wanted = { handle: 'mallory.test', email: 'm@example.com', password: PASSWORD }
  await expect(agent.createAccount(wanted)).rejects.toEqual(refusal('InvalidInviteCode'))
  expect((await agent.com.atproto.server.describeServer()).data.inviteCodeRequired).toBe(true)
  await closed.stop()
})

describe('a handle', () => {
  test('is changed in the directories and on the firehose', async () => {
    const { agent, did } = await signUp()
    await agent.updateHandle({ handle: 'renamed.test' })
    expect((await dataOf(did)).alsoKnownAs).toEqual(['at://renamed.test'])
    expect((await agent.resolveHandle({ handle: 'renamed.test' })).data.did).toBe(did)
    expect(await eventsOf(did, '#identity', 5)).toHaveLength(5)
    const session = await agent.com.atproto.server.getSession()
    expect(session.data.handle).toBe('renamed.test')
  })

  test('may be of another domain once DNS leads to the account', async () => {
    const { agent, did } = await signUp()
    const handle = 'person.example.com'
    await expect(agent.updateHandle({ handle })).rejects.toEqual(refusal('InvalidHandle'))
    dns.records.set(`_atproto.${handle}`, [`did=${did}`])
    await agent.updateHandle({ handle })
    expect((await dataOf(did)).alsoKnownAs).toEqual([`at://${handle}`])
  })

  test('of somebody else is refused, and nothing changes', async () => {
    const { handle } = await signUp()
    const { agent, did, handle: own } = await signUp()
    await expect(agent.updateHandle({ handle })).rejects.toEqual(refusal('HandleNotAvailable'))
    expect((await dataOf(did)).alsoKnownAs).toEqual([`at://${own}`])
  })

  test('is offered when it is free, and something like it when it is not', async () => {
    const { agent, handle } = await signUp()
    const check = async (wanted: string) =>
      (await agent.com.atproto.temp.checkHandleAvailability({ handle: wanted })).data.result
    expect(await check('nobody-yet.test')).toEqual({
      $type: 'com.atproto.temp.checkHandleAvailability#resultAvailable',
    })
    expect(await check(handle)).toMatchObject({
      $type: 'com.atproto.temp.checkHandleAvailability#resultUnavailable',
      suggestions: [{ handle: expect.stringMatching(/\.test$/) }, {}, {}],
    })
  })
})

test('when the PLC directory is down nobody is half signed up', async () => {
  const { agent } = await signUp()
  const wanted = { handle: 'unlucky.test', email: 'unlucky@example.com', password: PASSWORD }
  plc.breakDown()
  await expect(new AtpAgent({ service: server.origin }).createAccount(wanted)).rejects.toEqual(
    refusal('UpstreamFailure', 502),
  )
  plc.repair()
  await expect(agent.resolveHandle({ handle: wanted.handle })).rejects.toThrow()
  await new AtpAgent({ service: server.origin }).createAccount(wanted)
})

describe('an app password', () => {
  test('signs in, writes, and cannot do what the main one can', async () => {
    const { agent, handle } = await signUp()
    const { data } = await agent.com.atproto.server.createAppPassword({ name: 'an app' })
    expect(data.password).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
    const app = new AtpAgent({ service: server.origin })
    await app.login({ identifier: handle, password: data.password })
    const { uri } = await app.post({ text: 'by an app' })
    await expect(app.com.atproto.server.createAppPassword({ name: 'another' })).rejects.toEqual(
      refusal('InvalidToken'),
    )
    await expect(app.com.atproto.server.deactivateAccount({})).rejects.toEqual(
      refusal('InvalidToken'),
    )
    const aud = 'did:web:chat.example.com'
    const lxm = 'chat.bsky.convo.listConvos'
    await expect(app.com.atproto.server.getServiceAuth({ aud, lxm })).rejects.toEqual(
      refusal('InvalidRequest'),
    )
    await agent.com.atproto.server.revokeAppPassword({ name: 'an app' })
    await expect(app.deletePost(uri)).rejects.toThrow()
    await expect(
      new AtpAgent({ service: server.origin }).login({
        identifier: handle,
        password: data.password,
      }),
    ).rejects.toEqual(refusal('AuthenticationRequired', 401))
  })
})

test('a token for another service says who, for whom, for what, and for how long', async () => {
  const { agent, did } = await signUp()
  const aud = 'did:web:feed.example.com#bsky_fg'
  const lxm = 'app.bsky.feed.getFeedSkeleton'
  const exp = Math.floor(Date.now() / 1000) + 600
  const { data } = await agent.com.atproto.server.getServiceAuth({ aud, lxm, exp })
  const [, payload = ''] = data.token.split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    iss: did,
    aud,
    lxm,
    exp,
  })
  const ask = (params: { aud: string; lxm?: string; exp?: number }) =>
    agent.com.atproto.server.getServiceAuth(params)
  await expect(ask({ aud, exp })).rejects.toEqual(refusal('BadExpiration'))
  await expect(ask({ aud, lxm, exp: exp + 3600 })).rejects.toEqual(refusal('BadExpiration'))
  await expect(ask({ aud, lxm, exp: 1 })).rejects.toEqual(refusal('BadExpiration'))
  await expect(ask({ aud: 'did:key:z6Mk', lxm })).rejects.toEqual(refusal('InvalidRequest'))
  await expect(ask({ aud, lxm: 'com.atproto.server.createAppPassword' })).rejects.toEqual(
    refusal('InvalidRequest'),
  )
})

test('an account that is switched off says so everywhere, and comes back', async () => {
  const { agent, did, handle } = await signUp()
  await agent.post({ text: 'here' })
  const anybody = new AtpAgent({ service: server.origin })
  const wellKnown = () => getAs(server.origin, handle, '/.well-known/atproto-did')
  expect(await wellKnown()).toEqual({ status: 200, text: did })
  await agent.com.atproto.server.deactivateAccount({})
  await expect(anybody.resolveHandle({ handle })).rejects.toEqual(refusal('HandleNotFound'))
  expect(await wellKnown()).toMatchObject({ status: 404 })
  const gone = refusal('RepoDeactivated')
  await expect(anybody.com.atproto.sync.getRepo({ did })).rejects.toEqual(gone)
  await expect(anybody.com.atproto.repo.describeRepo({ repo: did })).rejects.toEqual(gone)
  const { data } = await anybody.com.atproto.sync.getRepoStatus({ did })
  expect(data).toEqual({ did, active: false, status: 'deactivated' })
  // Its owner still sees it.
  expect((await agent.com.atproto.sync.getLatestCommit({ did })).data.rev).toBeDefined()
  await expect(agent.post({ text: 'not now' })).rejects.toEqual(refusal('AccountDeactivated', 401))
  await agent.com.atproto.server.activateAccount()
  await agent.post({ text: 'back' })
  expect((await anybody.resolveHandle({ handle })).data.did).toBe(did)
  expect(await wellKnown()).toEqual({ status: 200, text: did })
  expect((await anybody.com.atproto.sync.getRepoStatus({ did })).data.active).toBe(true)
})

test('an account that is taken down is signed out and hidden, until it is given back', async () => {
  const { agent, did, handle } = await signUp()
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
  const takedown = (applied: boolean) =>
    asOperator('com.atproto.admin.updateSubjectStatus', { subject, takedown: { applied } })
  expect((await takedown(true)).status).toBe(200)
  await expect(agent.post({ text: 'still here?' })).rejects.toThrow()
  const other = new AtpAgent({ service: server.origin })
  const credentials = { identifier: handle, password: PASSWORD }
  await expect(other.login(credentials)).rejects.toEqual(refusal('AccountTakedown', 401))
  await expect(other.com.atproto.sync.getRepo({ did })).rejects.toEqual(refusal('RepoTakendown'))
  // To move away is still allowed.
  await other.login({ ...credentials, allowTakendown: true })
  expect((await other.com.atproto.sync.getRepo({ did })).success).toBe(true)
  await expect(other.post({ text: 'no' })).rejects.toEqual(refusal('InvalidToken'))
  const activation = { subject, deactivated: { applied: false } }
  const activated = await asOperator('com.atproto.admin.updateSubjectStatus', activation)
  expect(activated.status).toBe(400)
  expect(await activated.json()).toMatchObject({ error: 'AccountNotFound' })
  expect((await takedown(false)).status).toBe(200)
  await other.login(credentials)
  await other.post({ text: 'thanks' })
})

test('a signing key is exchanged; what comes after is signed with the new one', async () => {
  const { agent, did } = await signUp()
  await agent.post({ text: 'signed with the first key' })
  const { data } = await agent.com.atproto.server.reserveSigningKey({ did })
  const again = await agent.com.atproto.server.reserveSigningKey({ did })
  expect(again.data.signingKey).toBe(data.signingKey)
  const { signingKey } = data
  const changed = await asOperator('com.atproto.admin.updateAccountSigningKey', { did, signingKey })
  expect(changed.status).toBe(200)
  expect((await dataOf(did)).verificationMethods.atproto).toBe(signingKey)
  await agent.post({ text: 'signed with the second' })
  const { data: car } = await agent.com.atproto.sync.getRepo({ did })
  const { creates } = await verifyRepoCar(car, did, signingKey)
  expect(creates).toHaveLength(2)
  const kinds = await eventsOf(did, '#commit', 8)
  expect(kinds.slice(4)).toEqual(['#commit', '#identity', '#sync', '#commit'])
})

describe('a PLC operation', () => {
  test('is signed for whoever reads the mail of the account, and submitted', async () => {
    const { agent, did, email } = await signUp()
    const { data: recommended } = await agent.com.atproto.identity.getRecommendedDidCredentials()
    await agent.com.atproto.identity.requestPlcOperationSignature()
    const { token } = await mailTo(server.origin, email, /./)
    const rotationKeys = [recovery.did(), ...(recommended.rotationKeys ?? [])]
    const sign = () => agent.com.atproto.identity.signPlcOperation({ token, rotationKeys })
    const { data } = await sign()
    await expect(sign()).rejects.toEqual(refusal('InvalidToken'))
    await agent.com.atproto.identity.submitPlcOperation({ operation: data.operation })
    expect((await dataOf(did)).rotationKeys).toEqual(rotationKeys)
    expect(await eventsOf(did, '#identity', 5)).toHaveLength(5)
  })

  test.each([
    ['without the key of the host', (op: Operation) => ({ ...op, rotationKeys: [recovery.did()] })],
    ['with another host', (op: Operation) => ({ ...op, services: {} })],
    ['with another handle', (op: Operation) => ({ ...op, alsoKnownAs: ['at://other.test'] })],
    ['with another key', (op: Operation) => ({ ...op, verificationMethods: {} })],
    ['that is none', () => ({ type: 'plc_operation' })],
    [
      'that ends the identity',
      (op: Operation) => ({ type: 'plc_tombstone', prev: 'x', sig: op.sig }),
    ],
  ])('%s is not submitted', async (_, change) => {
    const { agent, email } = await signUp()
    await agent.com.atproto.identity.requestPlcOperationSignature()
    const { token } = await mailTo(server.origin, email, /./)
    const { data } = await agent.com.atproto.identity.signPlcOperation({ token })
    const operation = change(data.operation as Operation)
    await expect(agent.com.atproto.identity.submitPlcOperation({ operation })).rejects.toEqual(
      refusal('InvalidRequest'),
    )
  })
})

type Operation = Record<string, unknown>

test('a deleted account is gone, and so are its address and its events; its name is kept', async () => {
  const { agent, did, handle, email } = await signUp()
  await agent.post({ text: 'soon gone' })
  await agent.com.atproto.server.requestAccountDelete()
  const { token } = await mailTo(server.origin, email, /./)
  await agent.com.atproto.server.deleteAccount({ did, password: PASSWORD, token })
  await expect(agent.com.atproto.sync.getRepoStatus({ did })).rejects.toEqual(
    refusal('RepoNotFound'),
  )
  const list = await agent.com.atproto.sync.listRepos({ limit: 1000 })
  expect(list.data.repos.map((repo) => repo.did)).not.toContain(did)
  const reader = new FirehoseReader(server.origin, 0)
  await reader.until(({ events }) =>
    events.some(({ body }) => body.did === did && body.status === 'deleted'),
  )
  reader.close()
  const again = new AtpAgent({ service: server.origin })
  await expect(again.createAccount({ handle, email, password: PASSWORD })).rejects.toEqual(
    refusal('HandleNotAvailable'),
  )
  await again.createAccount({ handle: `again-${handle}`, email, password: PASSWORD })
  expect(again.assertDid).not.toBe(did)
})

test('preferences are kept, and personal ones are for the main password', async () => {
  const { agent, handle } = await signUp()
  const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }
  const personal = {
    $type: 'app.bsky.actor.defs#personalDetailsPref',
    birthDate: '1990-01-01T00:00:00.000Z',
  }
  await agent.app.bsky.actor.putPreferences({ preferences: [adult, personal] })
  const age = {
    $type: 'app.bsky.actor.defs#declaredAgePref',
    isOverAge13: true,
    isOverAge16: true,
    isOverAge18: true,
  }
  const { data } = await agent.app.bsky.actor.getPreferences()
  expect(data.preferences).toEqual([adult, personal, age])
  const { data: made } = await agent.com.atproto.server.createAppPassword({ name: 'app' })
  const app = new AtpAgent({ service: server.origin })
  await app.login({ identifier: handle, password: made.password })
  expect((await app.app.bsky.actor.getPreferences()).data.preferences).toEqual([adult, age])
  await expect(app.app.bsky.actor.putPreferences({ preferences: [personal] })).rejects.toEqual(
    refusal('InvalidRequest'),
  )
  await app.app.bsky.actor.putPreferences({ preferences: [] })
  expect((await agent.app.bsky.actor.getPreferences()).data.preferences).toEqual([personal, age])
  const foreign = [{ $type: 'com.example.pref' }] as never
  await expect(agent.app.bsky.actor.putPreferences({ preferences: foreign })).rejects.toEqual(
    refusal('InvalidRequest'),
  )
})
