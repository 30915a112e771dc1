import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { withHandle } from '../../src/services/identity/plc-operation.ts'
import { operatorOf } from '../support/accounts.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { HANDLE, startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let dns: TestDns
let server: TestServer
let agent: AtpAgent
let directory: PlcDirectory
const key = SigningKey.generate()

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_DOH_URL: dns.url } })
  agent = new AtpAgent({ service: server.origin })
  const plcRotationKey = Buffer.from(key.toBytes()).toString('hex')
  directory = new PlcDirectory({ plcUrl: plc.url, plcRotationKey }, fetch)
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
  await dns.stop()
})

/** Somebody elsewhere in the network, known to the directory and to DNS. */
async function register(handle: string): Promise<string> {
  const { did, op } = directory.genesis({
    signingKey: key.did(),
    rotationKeys: [key.did()],
    handle,
    pds: 'https://elsewhere.example.com',
  })
  await directory.submit(did, op)
  point(handle, did)
  return did
}

const point = (handle: string, ...dids: string[]) =>
  dns.records.set(
    `_atproto.${handle}`,
    dids.map((did) => `did=${did}`),
  )

const resolveHandle = async (handle: string) =>
  (await agent.com.atproto.identity.resolveHandle({ handle })).data.did

const resolveDid = async (did: string) =>
  (await agent.com.atproto.identity.resolveDid({ did })).data.didDoc

const resolveIdentity = async (identifier: string) =>
  (await agent.com.atproto.identity.resolveIdentity({ identifier })).data

const refreshIdentity = async (identifier: string) =>
  (await agent.com.atproto.identity.refreshIdentity({ identifier })).data

describe('somebody elsewhere in the network', () => {
  test('is found by handle and by DID', async () => {
    const did = await register('bob.example.com')
    expect(await resolveHandle('bob.example.com')).toBe(did)
    expect(await resolveDid(did)).toMatchObject({
      id: did,
      alsoKnownAs: ['at://bob.example.com'],
      service: [{ id: '#atproto_pds', serviceEndpoint: 'https://elsewhere.example.com' }],
    })
    const whole = await resolveIdentity('BOB.example.com')
    expect(whole).toMatchObject({ did, handle: 'bob.example.com', didDoc: { id: did } })
    expect(await resolveIdentity(did)).toEqual(whole)
  })

  test('has a new handle once the identity is refreshed, and none that is valid after the end', async () => {
    const did = await register('carol.example.com')
    expect(await resolveIdentity(did)).toMatchObject({ handle: 'carol.example.com' })
    await directory.update(did, (state) => ({
      ...state,
      alsoKnownAs: withHandle(state.alsoKnownAs, 'carola.example.com'),
    }))
    expect(await refreshIdentity(did)).toMatchObject({ handle: 'handle.invalid' })
    point('carola.example.com', did)
    expect(await refreshIdentity(did)).toMatchObject({ handle: 'carola.example.com' })
    expect(await resolveIdentity(did)).toMatchObject({ handle: 'carola.example.com' })
    expect(await directory.documentData(did)).toMatchObject({
      alsoKnownAs: ['at://carola.example.com'],
    })

    await directory.tombstone(did)
    await expect(refreshIdentity(did)).rejects.toMatchObject({
      status: 400,
      error: 'DidDeactivated',
    })
    await expect(directory.update(did, (state) => state)).rejects.toMatchObject({ plcStatus: 410 })
  })

  test('cannot claim a handle that is not theirs', async () => {
    const owner = await register('dave.example.com')
    const { did: thief, op } = directory.genesis({
      signingKey: key.did(),
      rotationKeys: [key.did()],
      handle: 'dave.example.com',
      pds: 'https://thief.example.com',
    })
    await directory.submit(thief, op)
    expect(await resolveIdentity(thief)).toMatchObject({ did: thief, handle: 'handle.invalid' })
    expect(await resolveIdentity(owner)).toMatchObject({ handle: 'dave.example.com' })
  })

  test('is asked for once, however many want to know at the same time', async () => {
    const did = await register('erin.example.com')
    plc.requests.length = 0
    const { reached, release } = plc.hold()
    const answers = Array.from({ length: 20 }, () => resolveDid(did))
    await reached
    await agent.com.atproto.server.describeServer()
    release()
    for (const document of await Promise.all(answers)) expect(document).toMatchObject({ id: did })
    await resolveDid(did)
    expect(plc.requests).toEqual([`GET /${did}`])
  })

  test('is found also when whoever asked first has gone away', async () => {
    const did = await register('grace.example.com')
    plc.requests.length = 0
    const { reached, release } = plc.hold()
    const first = new AbortController()
    const gone = agent.com.atproto.identity.resolveDid({ did }, { signal: first.signal })
    await reached
    const second = resolveDid(did)
    await agent.com.atproto.server.describeServer()
    first.abort()
    await expect(gone).rejects.toThrow()
    release()
    expect(await second).toMatchObject({ id: did })
    expect(plc.requests).toEqual([`GET /${did}`])
  })
})

describe('who is nowhere', () => {
  test.each([
    ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'DidNotFound'],
    ['did:web:nobody.test', 'DidNotFound'],
    ['did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N', 'DidNotFound'],
    ['nobody.example.com', 'HandleNotFound'],
    ['nobody.test', 'HandleNotFound'],
    ['not a name', 'InvalidRequest'],
  ])('is told in the words of the lexicon: %s', async (identifier, error) => {
    await expect(resolveIdentity(identifier)).rejects.toMatchObject({ status: 400, error })
  })

  test('has a handle that leads to two DIDs', async () => {
    point('twice.example.com', 'did:web:a.example.com', 'did:web:b.example.com')
    await expect(resolveHandle('twice.example.com')).rejects.toMatchObject({
      status: 400,
      error: 'HandleNotFound',
      message: 'Unable to resolve handle',
    })
  })
})

test('accounts of this host are known without the network', async () => {
  plc.requests.length = 0
  dns.requests.length = 0
  const did = await resolveHandle(HANDLE)
  expect(did).toBe(`did:web:${HANDLE}`)
  expect(await resolveDid(did)).toMatchObject({
    id: did,
    alsoKnownAs: [`at://${HANDLE}`],
    verificationMethod: [{ id: `${did}#atproto`, type: 'Multikey' }],
  })
  expect(await resolveIdentity(did)).toMatchObject({ did, handle: HANDLE })
  expect(await refreshIdentity(HANDLE)).toMatchObject({ did, handle: HANDLE })
  expect([...plc.requests, ...dns.requests]).toEqual([])
})

test('a server that may not reach private addresses reaches those that its operator chose, and no others', async () => {
  const did = await register('frank.example.com')
  const guarded = await startServer({
    env: {
      PDS_DID_PLC_URL: plc.url,
      PDS_DOH_URL: dns.url,
      PDS_DISABLE_SSRF_PROTECTION: 'false',
    },
  })
  plc.requests.length = 0
  dns.requests.length = 0
  try {
    const outside = new AtpAgent({ service: guarded.origin }).com.atproto.identity
    expect((await outside.resolveDid({ did })).data.didDoc).toMatchObject({ id: did })
    expect((await outside.resolveHandle({ handle: 'frank.example.com' })).data.did).toBe(did)
    // The same addresses, named by somebody else.
    const { host } = new URL(plc.url)
    const strange = `did:web:${encodeURIComponent(host)}`
    await expect(outside.resolveDid({ did: strange })).rejects.toMatchObject({
      status: 400,
      error: 'DidNotFound',
    })
    expect(plc.requests).toEqual([`GET /${did}`])
    expect(dns.requests).toEqual(['_atproto.frank.example.com'])
  } finally {
    await guarded.stop()
  }
})

describe('describeRepo', () => {
  let did: string
  const describeRepo = async () => (await agent.com.atproto.repo.describeRepo({ repo: did })).data

  beforeAll(async () => {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({ handle: 'heidi.test', password: 'a long password' }),
    })
    did = ((await response.json()) as { did: string }).did
  })

  /** The directory as the host itself writes to it. */
  function hostDirectory(): PlcDirectory {
    const kept = JSON.parse(readFileSync(join(server.dataDirectory, 'secrets.json'), 'utf8'))
    const plcRotationKey = kept.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX
    return new PlcDirectory({ plcUrl: plc.url, plcRotationKey }, fetch)
  }

  /** Changes what the directory says, which the host may not have seen. */
  async function say(handle: string): Promise<void> {
    await hostDirectory().update(did, (state) => ({
      ...state,
      alsoKnownAs: withHandle(state.alsoKnownAs, handle),
    }))
    await refreshIdentity(did)
  }

  test('gives the document that the directory gives, and asks once', async () => {
    plc.requests.length = 0
    const answers = [await describeRepo(), await describeRepo()]
    const didDoc = await (await fetch(`${plc.url}/${did}`)).json()
    expect(answers[0]).toEqual({
      handle: 'heidi.test',
      did,
      didDoc,
      collections: [],
      handleIsCorrect: true,
    })
    expect(answers[1]).toEqual(answers[0])
    expect(plc.requests.filter((request) => request === `GET /${did}`).length).toBeLessThan(3)
  })

  test('says so when the document has another handle', async () => {
    await say('somebody.example.com')
    expect(await describeRepo()).toMatchObject({
      handle: 'heidi.test',
      didDoc: { alsoKnownAs: ['at://somebody.example.com'] },
      handleIsCorrect: false,
    })
    await say('heidi.test')
    expect(await describeRepo()).toMatchObject({ handleIsCorrect: true })
  })

  test('asks DNS about a handle on a domain of its own', async () => {
    point('heidi.example.com', did)
    const session = await agent.com.atproto.server.createSession({
      identifier: did,
      password: 'a long password',
    })
    const headers = { authorization: `Bearer ${session.data.accessJwt}` }
    await agent.com.atproto.identity.updateHandle({ handle: 'heidi.example.com' }, { headers })
    expect(await describeRepo()).toMatchObject({ handleIsCorrect: true })
    dns.records.delete('_atproto.heidi.example.com')
    await refreshIdentity(did)
    expect(await describeRepo()).toMatchObject({
      handle: 'heidi.example.com',
      handleIsCorrect: false,
    })
  })

  test('is refused, as by the reference, when there is no such DID any more', async () => {
    await hostDirectory().tombstone(did)
    await refreshIdentity(did).catch(() => undefined)
    await expect(describeRepo()).rejects.toMatchObject({
      status: 400,
      error: 'InvalidRequest',
      message: expect.stringContaining('Could not resolve DID'),
    })
  })
})
