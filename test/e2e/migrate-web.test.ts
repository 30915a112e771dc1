/** A did:web moves: its owner publishes the new document, and the program waits for it. */
import { createServer, type Server } from 'node:http'
import { AtpAgent } from '@atproto/api'
import { createServiceJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { makeFolder, NEW_PASSWORD, OLD_PASSWORD, startMigration } from '../support/migrate.ts'
import { startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { freePort, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let plc: TestPlc
let old: TestServer
let here: TestServer
/** Of the owner, who publishes a document under the domain of the DID. */
let site: Server
let document: unknown
let did: string

beforeAll(async () => {
  plc = await startPlc()
  // A did:web of `localhost` would be one of the hosts' own names.
  const env = { PDS_DID_PLC_URL: 'http://127.0.0.1:9', PDS_DISABLE_SSRF_PROTECTION: 'true' }
  old = await startNamedHost(plc, 'old', { ...env, PDS_HOSTNAME: 'old.test' })
  here = await startNamedHost(plc, 'here', { ...env, PDS_HOSTNAME: 'here.test' })
  const port = await freePort()
  did = `did:web:localhost%3a${port}`
  site = createServer((_, response) => response.end(JSON.stringify(document)))
  await new Promise<void>((resolve) => site.listen(port, resolve))
})
afterAll(async () => {
  site.close()
  await old.stop()
  await here.stop()
  await plc.stop()
})

const documentOf = (handle: string, key: string, endpoint: string) => ({
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: did,
  alsoKnownAs: [`at://${handle}`],
  verificationMethod: [
    {
      id: `${did}#atproto`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: key.slice('did:key:'.length),
    },
  ],
  service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }],
})

/** As any did:web comes to a host: with a service token that its key has signed. */
async function settleAtOldHost(): Promise<AtpAgent> {
  const key = SigningKey.generate()
  const handle = 'webby.old.test'
  document = documentOf(handle, key.did(), 'https://nowhere.test')
  const lxm = 'com.atproto.server.createAccount'
  const token = await createServiceJwt({ iss: did, aud: 'did:web:old.test', lxm, keypair: key })
  const agent = new AtpAgent({ service: old.origin })
  const account = { did, handle, email: 'webby@example.com', password: OLD_PASSWORD }
  const headers = { authorization: `Bearer ${token}` }
  await agent.com.atproto.server.createAccount(account, { headers, encoding: 'application/json' })
  await agent.login({ identifier: did, password: OLD_PASSWORD })
  const { data } = await agent.com.atproto.identity.getRecommendedDidCredentials()
  const { atproto = '' } = data.verificationMethods as Record<string, string>
  const { atproto_pds } = data.services as Record<string, { endpoint: string }>
  document = documentOf(handle, atproto, atproto_pds?.endpoint ?? '')
  await agent.com.atproto.server.activateAccount()
  await agent.post({ text: 'written under a domain of my own' })
  return agent
}

test('the document to publish is shown, and nothing is switched before it is there', async () => {
  await settleAtOldHost()
  const move = { to: here.origin, plc: plc.url, state: makeFolder() }
  const args = ['--from', old.origin, '--new-handle', 'webby.here.test', '--tries', '2']
  const first = await startMigration(did, { ...move, args }).ended
  expect(first.code, first.output).toBe(1)
  expect(first.output).toContain('does not lead to the new host yet')
  const atOld = await fetch(
    `${old.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${encodeURIComponent(did)}`,
  )
  expect(await atOld.json()).toMatchObject({ active: true })

  const [, shown = ''] = /\.well-known\/did\.json[^\n]*\n(\{.*?\n\})/s.exec(first.output) ?? []
  const second = startMigration(did, { ...move, args: [...args, '--wait', '2'] })
  second.child.stderr?.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('Publish this')) document = JSON.parse(shown)
  })
  const { code, output } = await second.ended
  expect(code, output).toBe(0)
  expect(output).toContain('Keep the document of your did:web where it is now.')
  const agent = new AtpAgent({ service: here.origin })
  await agent.login({ identifier: did, password: NEW_PASSWORD })
  const { data: status } = await agent.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({ activated: true, validDid: true, indexedRecords: 1 })
})
