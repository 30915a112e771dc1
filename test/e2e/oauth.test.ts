/** Apps sign people in with the official client library, against the running server. */
import { Agent, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consent, loopbackClient, makeApp, publicOrigin, type User } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let server: TestServer
let issuer: string

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
  issuer = publicOrigin(server.origin)
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

const PASSWORD = 'a long password'
let made = 0

async function signUp(): Promise<User> {
  const agent = new AtpAgent({ service: server.origin })
  const handle = `person${made++}.test`
  await agent.createAccount({ handle, email: `${handle}@example.com`, password: PASSWORD })
  return { did: agent.assertDid, identifier: handle, password: PASSWORD }
}

/** An app that somebody signs in to. */
async function connect(scope: string, user: User) {
  const { client } = makeApp(plc.url, scope)
  const url = await client.authorize(issuer, { scope })
  const answer = await consent(url, user)
  const { session } = await client.callback(answer.searchParams)
  return { client, session, agent: new Agent(session) }
}

test('an app is allowed to act for somebody, calls, refreshes, and is signed out', async () => {
  const user = await signUp()
  const { session, agent, client } = await connect('atproto transition:generic', user)
  expect(session.did).toBe(user.did)
  const { data } = await agent.com.atproto.server.getSession()
  expect(data).toMatchObject({ did: user.did, handle: user.identifier, active: true })
  expect(data.email).toBeUndefined()
  const created = await agent.com.atproto.repo.createRecord({
    repo: user.did,
    collection: 'com.example.note',
    record: { text: 'hello' },
  })
  expect(created.data.uri).toContain(user.did)
  const before = await session.getTokenInfo(false)
  const after = await (await client.restore(user.did, true)).getTokenInfo(false)
  expect(after.expiresAt?.getTime()).toBeGreaterThan(before.expiresAt?.getTime() ?? 0)
  await agent.com.atproto.server.getSession()
  await session.signOut()
  await expect(client.restore(user.did)).rejects.toThrow()
})

describe('an app is signed out', () => {
  const scope = 'atproto transition:generic'

  /** A session, its tokens, and whether it goes on. */
  async function open() {
    const user = await signUp()
    const { client, sessions } = makeApp(plc.url, scope)
    const answer = await consent(await client.authorize(issuer, { scope }), user)
    const { session } = await client.callback(answer.searchParams)
    const { tokenSet } = sessions.get(user.did) as {
      tokenSet: { access_token: string; refresh_token: string }
    }
    return { ...tokenSet, isOpen: async () => (await session.fetchHandler(GET_SESSION)).ok }
  }
  const GET_SESSION = '/xrpc/com.atproto.server.getSession'

  const revoke = (token: string, client_id = loopbackClient(scope)) =>
    fetch(`${server.origin}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id, token, token_type_hint: 'refresh_token' }),
    })

  test('by its refresh token, without a proof', async () => {
    const { refresh_token, isOpen } = await open()
    expect(await isOpen()).toBe(true)
    expect((await revoke(refresh_token)).status).toBe(200)
    expect(await isOpen()).toBe(false)
  })

  test('not by its access token without a proof, and not by another app', async () => {
    const { access_token, refresh_token, isOpen } = await open()
    expect((await revoke(access_token)).status).toBe(200)
    expect((await revoke(refresh_token, loopbackClient('atproto'))).status).toBe(200)
    expect(await isOpen()).toBe(true)
  })
})
