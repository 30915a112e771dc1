/** One account: given back after it was deleted, set back to what it was, and brought to another host. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { backUp, backupFolder, envOf, runJson } from '../support/backup.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { contentsOf, furnish } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const BOB = 'bob.test'
const PASSWORD = 'a password that is kept'

interface Restored {
  handle: string
  elsewhere: string | null
}

let plc: TestPlc
let server: TestServer
let other: TestServer
let did: string
let recipient: string
let from: string[]
let restore: string[]
let before: Awaited<ReturnType<typeof contentsOf>>

const operate = (at: TestServer, nsid: string, body: object) =>
  fetch(`${at.origin}/xrpc/${nsid}`, {
    method: 'POST',
    headers: { authorization: operatorOf(at), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function signIn(at: TestServer): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: at.origin })
  await agent.login({ identifier: BOB, password: PASSWORD })
  return agent
}

beforeAll(async () => {
  plc = await startPlc()
  const env = { PDS_DID_PLC_URL: plc.url }
  server = await startServer({ env })
  other = await startServer({ env })
  const input = { handle: BOB, password: PASSWORD, email: 'bob@example.com' }
  await operate(server, 'com.atproto.server.createAccount', input)
  const agent = await signIn(server)
  did = agent.assertDid
  await furnish(agent)
  const key = await generateX25519Identity()
  const identity = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'key.txt')
  writeFileSync(identity, `${key}\n`)
  const folder = backupFolder()
  recipient = await identityToRecipient(key)
  await backUp(server, folder, BOB, '--recipient', recipient)
  from = ['--from', folder, '--identity', identity]
  restore = ['restore', BOB, ...from]
  before = await contentsOf(agent)
})
afterAll(async () => {
  await server.stop()
  await other.stop()
  await plc.stop()
})

test('an account that was deleted is given back, and the network hears of it', async () => {
  expect((await operate(server, 'com.atproto.admin.deleteAccount', { did })).status).toBe(200)
  const { firehose } = await (await fetch(`${server.origin}/xrpc/_health`)).json()
  const again = async (): Promise<Restored> => {
    try {
      return await runJson<Restored>(restore, envOf(server))
    } catch (error) {
      // What is left of it is being removed.
      if (!String(error).includes('being deleted')) throw error
      return again()
    }
  }
  expect(await again()).toMatchObject({ handle: BOB, elsewhere: null })
  const agent = await signIn(server)
  expect(await contentsOf(agent)).toEqual(before)
  const reader = new FirehoseReader(server.origin, firehose.head - 1)
  await agent.post({ text: 'back again' })
  await reader.until(({ events }) => events.some(({ type }) => type === '#commit'))
  reader.close()
  const types = reader.events.filter(({ body }) => (body.did ?? body.repo) === did)
  expect(types.map(({ type }) => type).slice(-4)).toEqual([
    '#account',
    '#identity',
    '#sync',
    '#commit',
  ])
})

test('a living account is replaced only when that is asked for', async () => {
  const agent = await signIn(server)
  const { uri } = await agent.post({ text: 'to be undone' })
  const { data: latest } = await agent.com.atproto.sync.getLatestCommit({ did })
  await expect(runJson(restore, envOf(server))).rejects.toThrow('here already')
  expect((await contentsOf(agent)).records).toHaveProperty([uri])
  const replaced = await runJson<Restored>([...restore, '--overwrite'], envOf(server))
  expect(replaced).toMatchObject({ handle: BOB, elsewhere: null })
  const fresh = await signIn(server)
  expect(await contentsOf(fresh)).toEqual(before)
  const { data: now } = await fresh.com.atproto.sync.getLatestCommit({ did })
  expect(now.rev > latest.rev).toBe(true)
})

test('on a host with other secrets keys are encrypted anew, and the account waits for its identity', async () => {
  const [carol] = await makeAccounts(server, 1, 'did:plc')
  const { did, handle = '' } = carol ?? {}
  const password = `password of ${handle}`
  const session = await SettingsSession.open(server.origin, handle, password)
  const { secret, recovery } = await session.setUpTotp()
  await backUp(server, from[1] ?? '', handle)
  const { elsewhere } = await runJson<Restored>(['restore', handle, ...from], envOf(other))
  expect(elsewhere).toContain('does not match PDS public url')

  const agent = new AtpAgent({ service: other.origin })
  const signIn = (authFactorToken: string) =>
    agent.login({ identifier: handle, password, authFactorToken })
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  await signIn(recovery[0] ?? '')
  await expect(signIn(recovery[0] ?? '')).rejects.toThrow()
  await signIn(totp.generate({ timestamp: Date.now() + 30_000 }))
  const { data: status } = await agent.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({ activated: false })
  const { data } = await agent.com.atproto.identity.getRecommendedDidCredentials()
  const document = await fetch(`${plc.url}/${did}/data`)
  expect(await document.json()).toMatchObject({ verificationMethods: data.verificationMethods })
})
