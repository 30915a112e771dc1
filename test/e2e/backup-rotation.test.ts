/** A host that is lost while its secrets are being replaced comes back, and both secrets stay until all is changed. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import { backUp, backupFolder, envOf, runJson } from '../support/backup.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let server: TestServer
const identity = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'key.txt')
let recipient: string

const start = (dataDirectory?: string) =>
  startServer({
    ...(dataDirectory && { dataDirectory }),
    env: { PDS_DID_PLC_URL: plc.url, PDS_FIRST_HANDLE: '' },
  })

beforeAll(async () => {
  const key = await generateX25519Identity()
  recipient = await identityToRecipient(key)
  writeFileSync(identity, `${key}\n`)
  plc = await startPlc()
  server = await start()
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

const secrets = (): Record<string, string> =>
  JSON.parse(readFileSync(join(server.dataDirectory, 'secrets.json'), 'utf8'))

const rotate = (name: string) =>
  runJson<{ state: string }>(['secret', 'rotate', name], envOf(server))

async function rotationKeys(did: string): Promise<string[]> {
  const data = (await (await fetch(`${plc.url}/${did}/data`)).json()) as { rotationKeys: string[] }
  return data.rotationKeys
}

async function write(did: string, token: string): Promise<number> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ repo: did, collection: 'com.example.note', record: { text: 'hello' } }),
  })
  return response.status
}

test('accounts that come back while secrets are replaced are changed before the old ones go', {
  timeout: 120_000,
}, async () => {
  const accounts = await makeAccounts(server, 3, 'did:plc')
  const former = await rotationKeys(accounts[0]?.did ?? '')
  for (const name of ['key', 'plc']) expect((await rotate(name)).state).toBe('restart')
  // The next secrets are in its folder; it runs with those before.
  const backup = backupFolder()
  await backUp(server, backup, '--recipient', recipient)
  await server.stop('SIGKILL')

  const dataDirectory = backupFolder()
  const from = ['restore', '--from', backup, '--identity', identity]
  expect(await runJson([...from, '--into', dataDirectory, '--sessions'], {})).toMatchObject({
    accounts: accounts.length + 1,
  })
  server = await start(dataDirectory)
  for (const name of ['key', 'plc']) expect((await rotate(name)).state).toBe('done')
  expect(Object.keys(secrets()).filter((name) => name.includes('NEXT'))).toEqual([])
  await server.stop()
  server = await start(dataDirectory)
  for (const { did, accessJwt } of accounts) {
    expect(await write(did, accessJwt)).toBe(200)
    expect(await rotationKeys(did)).not.toEqual(expect.arrayContaining(former))
  }
})
