/** An account moves from host to host, and takes everything along. */
import { AtpAgent } from '@atproto/api'
import { verifyRepoCar } from '@atproto/repo'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FirehoseReader } from '../support/firehose.ts'
import { mailTo } from '../support/mail.ts'
import { contentsOf, furnish, moveAccount, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startReference, type TestReference } from '../support/reference.ts'
import type { TestServer } from '../support/server.ts'

const LONG = process.env.CUMULUS_LONG !== undefined
const PASSWORD = 'a long password'

let plc: TestPlc
let here: TestServer
let there: TestServer

beforeAll(async () => {
  plc = await startPlc()
  here = await startNamedHost(plc, 'here')
  there = await startNamedHost(plc, 'there')
})
afterAll(async () => {
  await here.stop()
  await there.stop()
  await plc.stop()
})

async function signUp(origin: string, handle: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: origin })
  await agent.createAccount({ handle, email: `${handle}@example.com`, password: PASSWORD })
  await furnish(agent)
  return agent
}

const signingKey = async (did: string): Promise<string> => {
  const data = await (await fetch(`${plc.url}/${did}/data`)).json()
  return (data as { verificationMethods: { atproto: string } }).verificationMethods.atproto
}

/** What the new host holds is what the old one held, under the account's new key. */
async function expectArrived(to: AtpAgent, before: Awaited<ReturnType<typeof contentsOf>>) {
  const did = to.assertDid
  expect(await contentsOf(to)).toEqual(before)
  const { data: status } = await to.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({
    activated: true,
    validDid: true,
    indexedRecords: Object.keys(before.records).length,
    expectedBlobs: 3,
    importedBlobs: 3,
  })
  // The reference signs with the new key from the first write on.
  await to.post({ text: 'settled in' })
  const { data: car } = await to.com.atproto.sync.getRepo({ did })
  const { creates } = await verifyRepoCar(car, did, await signingKey(did))
  expect(creates).toHaveLength(Object.keys(before.records).length + 1)
}

test('between two of these hosts', async () => {
  const handle = 'mover.here.test'
  const email = `${handle}@example.com`
  const from = await signUp(here.origin, handle)
  const did = from.assertDid
  const before = await contentsOf(from)
  const wanted = { email, password: PASSWORD, handle: 'mover.there.test' }
  const mailedToken = async () => (await mailTo(here.origin, email, /./)).token
  const to = await moveAccount({ from, to: there.origin, ...wanted, mailedToken })

  await expectArrived(to, before)
  // The old host says that it is over, the new one that it begins.
  const { data: left } = await from.com.atproto.sync.getRepoStatus({ did })
  expect(left).toMatchObject({ active: false, status: 'deactivated' })
  const reader = new FirehoseReader(there.origin, 0)
  const about = () =>
    reader.events.filter(({ body }) => (body.did ?? body.repo) === did).map(({ type }) => type)
  await reader.until(() => about().includes('#commit'))
  reader.close()
  expect(about()).toEqual(['#identity', '#account', '#identity', '#sync', '#commit'])
  const { data: described } = await to.com.atproto.repo.describeRepo({ repo: did })
  expect(described).toMatchObject({ handle: 'mover.there.test', handleIsCorrect: true })
})

describe('nobody gets an account for a DID', () => {
  const create = async (did: string, token?: string) => {
    const agent = new AtpAgent({ service: there.origin })
    const input = {
      handle: 'thief.there.test',
      email: 'thief@example.com',
      password: PASSWORD,
      did,
    }
    return agent.com.atproto.server.createAccount(input, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      encoding: 'application/json',
    })
  }
  const lxm = 'com.atproto.server.createAccount'
  const aud = 'did:web:there.test'
  const refused = (error: string) => expect.objectContaining({ error, status: 401 })

  test('without the signature of its key, for this host and this method', async () => {
    const victim = new AtpAgent({ service: here.origin })
    const handle = 'victim.here.test'
    await victim.createAccount({ handle, email: 'victim@example.com', password: PASSWORD })
    const thief = new AtpAgent({ service: here.origin })
    await thief.createAccount({
      handle: 'thief.here.test',
      email: 'thief@example.com',
      password: PASSWORD,
    })
    const did = victim.assertDid
    const tokenOf = async (agent: AtpAgent, params: { aud: string; lxm?: string }) =>
      (await agent.com.atproto.server.getServiceAuth(params)).data.token
    await expect(create(did)).rejects.toEqual(refused('AuthenticationRequired'))
    await expect(create(did, await tokenOf(thief, { aud, lxm }))).rejects.toEqual(
      refused('AuthenticationRequired'),
    )
    await expect(
      create(did, await tokenOf(victim, { aud: 'did:web:elsewhere.test', lxm })),
    ).rejects.toEqual(refused('BadJwtAudience'))
    await expect(create(did, await tokenOf(victim, { aud }))).rejects.toEqual(
      refused('BadJwtLexiconMethod'),
    )
    const token = await tokenOf(victim, { aud, lxm })
    await expect(create(did, `${token.slice(0, -8)}AAAAAAAA`)).rejects.toEqual(
      refused('BadJwtSignature'),
    )
    await expect(create(did, 'not.a.token')).rejects.toEqual(refused('BadJwt'))
    expect((await create(did, token)).success).toBe(true)
  })
})

describe.runIf(LONG)('and the reference PDS', () => {
  let reference: TestReference
  beforeAll(async () => {
    reference = await startReference(plc.url)
  }, 600_000)
  afterAll(() => reference.stop())

  test('from there to here, and back', async () => {
    const handle = 'nomad.reference.test'
    const email = `${handle}@example.com`
    const from = await signUp(reference.origin, handle)
    const did = from.assertDid
    const before = await contentsOf(from)
    const account = { email, password: PASSWORD }
    const ours = await moveAccount({
      ...account,
      from,
      to: here.origin,
      handle: 'nomad.here.test',
      mailedToken: async () => reference.mailedToken(did),
    })
    await expectArrived(ours, before)

    // The reference keeps the deactivated account: it is deleted there before it can come back.
    await fetch(`${reference.origin}/xrpc/com.atproto.admin.deleteAccount`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa('admin:test admin password')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ did }),
    })
    const settled = await contentsOf(ours)
    const back = await moveAccount({
      ...account,
      from: ours,
      to: reference.origin,
      handle: 'nomad.reference.test',
      mailedToken: async () => (await mailTo(here.origin, email, /./)).token,
    })
    await expectArrived(back, settled)
  }, 120_000)
})
