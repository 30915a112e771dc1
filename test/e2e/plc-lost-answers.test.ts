/** A PLC directory that applies operations and whose answers are lost. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PASSWORD, startServer, type TestServer } from '../support/server.ts'

/** More than an answer has. */
const LONGEST = 400
const STEP = process.env.CUMULUS_LONG ? 1 : 60
const CUTS = Array.from({ length: Math.ceil(LONGEST / STEP) }, (_, index) => index * STEP)

let plc: TestPlc
let server: TestServer
let made = 0
beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({
    env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open', LOG_LEVEL: 'error' },
  })
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

async function signUp(): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: server.origin })
  const handle = `lost-${made++}.test`
  await agent.createAccount({ handle, email: `${handle}@example.com`, password: PASSWORD })
  return agent
}

const inDirectory = async (did: string) =>
  (await (await fetch(`${plc.url}/${did}/data`)).json()) as {
    alsoKnownAs: string[]
    verificationMethods: { atproto: string }
  }

describe.each(CUTS)('an answer that ends after %i bytes', (bytes) => {
  test('leaves the new handle, here and there', async () => {
    const agent = await signUp()
    const handle = `new-${made++}.test`
    plc.breakOffAfter(bytes)
    await agent.updateHandle({ handle }).finally(() => plc.breakOffAfter(undefined))
    expect((await inDirectory(agent.assertDid)).alsoKnownAs).toEqual([`at://${handle}`])
    expect((await agent.com.atproto.server.getSession()).data.handle).toBe(handle)
    expect((await agent.resolveHandle({ handle })).data.did).toBe(agent.assertDid)
  })

  test('leaves a new account', async () => {
    plc.breakOffAfter(bytes)
    const agent = await signUp().finally(() => plc.breakOffAfter(undefined))
    expect((await inDirectory(agent.assertDid)).alsoKnownAs).toHaveLength(1)
    await agent.post({ text: 'here', createdAt: new Date().toISOString() })
  })

  test('leaves the new signing key', async () => {
    const agent = await signUp()
    const before = await inDirectory(agent.assertDid)
    const post = (nsid: string, body: object, headers: HeadersInit = {}) =>
      fetch(`${server.origin}/xrpc/${nsid}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const reserved = await post('com.atproto.server.reserveSigningKey', { did: agent.assertDid })
    const { signingKey } = (await reserved.json()) as { signingKey: string }
    plc.breakOffAfter(bytes)
    const changed = await post(
      'com.atproto.admin.updateAccountSigningKey',
      { did: agent.assertDid, signingKey },
      { authorization: operatorOf(server) },
    ).finally(() => plc.breakOffAfter(undefined))
    expect(changed.status).toBe(200)
    const { verificationMethods } = await inDirectory(agent.assertDid)
    expect(verificationMethods.atproto).toBe(signingKey)
    expect(verificationMethods).not.toEqual(before.verificationMethods)
    await agent.post({ text: 'signed anew', createdAt: new Date().toISOString() })
  })
})

test('while the directory does not answer, both handles are kept for the account', async () => {
  const agent = await signUp()
  const before = agent.session?.handle ?? ''
  const handle = `unclear-${made++}.test`
  const hold = plc.hold()
  const changing = agent.updateHandle({ handle }).catch((error: { error: string }) => error.error)
  await hold.reached
  plc.breakDown()
  hold.release()
  expect(await changing).toBe('UpstreamFailure')
  plc.repair()
  const other = new AtpAgent({ service: server.origin })
  await expect(
    other.createAccount({ handle: before, email: 'other@example.com', password: PASSWORD }),
  ).rejects.toMatchObject({ error: 'HandleNotAvailable' })
})
