/** Apps sign people in with the official client library, against the running server. */
import { Agent, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consent, makeApp, publicOrigin, type User } from '../support/oauth.ts'
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
