/** A host that finds other secrets than those its accounts were made with does not start, and says which they are. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

type Secrets = Record<string, string>

const pathOf = (dataDirectory: string) => join(dataDirectory, 'secrets.json')
const read = (dataDirectory: string): Secrets =>
  JSON.parse(readFileSync(pathOf(dataDirectory), 'utf8'))

/** A data folder with an account in it, and nobody at work. */
async function makeHost(): Promise<{ dataDirectory: string; secrets: Secrets }> {
  const server = await startServer()
  await server.stop()
  return { dataDirectory: server.dataDirectory, secrets: read(server.dataDirectory) }
}

const change = (dataDirectory: string, changed: Secrets) =>
  writeFileSync(
    pathOf(dataDirectory),
    JSON.stringify({ ...read(dataDirectory), ...changed }, null, 2),
  )

/** What `npm start` prints when it gives up. */
const refusal = (dataDirectory: string, env: Record<string, string> = {}) =>
  startServer({ dataDirectory, env }).then(
    async (server) => {
      await server.stop()
      throw new Error(`it started:\n${server.output}`)
    },
    (error: Error) => error.message,
  )

async function write({ origin }: TestServer): Promise<number> {
  const call = (nsid: string, body: object, token = '') =>
    fetch(`${origin}/xrpc/${nsid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
  const session = await call('com.atproto.server.createSession', {
    identifier: HANDLE,
    password: PASSWORD,
  })
  const { did, accessJwt } = (await session.json()) as { did: string; accessJwt: string }
  const record = { text: 'hello', createdAt: new Date().toISOString() }
  const collection = 'app.bsky.feed.post'
  const written = await call(
    'com.atproto.repo.createRecord',
    { repo: did, collection, record },
    accessJwt,
  )
  return written.status
}

/** Takes what this release notes of the secrets out of the store, as if an earlier one had made it. */
function forgetFingerprints(dataDirectory: string): void {
  const folder = join(dataDirectory, 'objects', 'DirectoryObject')
  let forgotten = 0
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sqlite'))) {
    const db = new DatabaseSync(join(folder, name))
    const kv = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = '_cf_KV'").get()
    if (kv) {
      const { changes } = db
        .prepare("DELETE FROM _cf_KV WHERE key = 'fingerprints of secrets'")
        .run()
      forgotten += Number(changes)
    }
    db.close()
  }
  expect(forgotten).toBe(1)
}

test('with each secret changed, the host does not start, says which one and what helps', async () => {
  const { dataDirectory, secrets } = await makeHost()
  const others: Secrets = {
    PDS_JWT_SECRET: 'another one, long enough',
    PDS_KEY_SECRET: 'another one, long enough',
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '22'.repeat(32),
  }
  for (const [name, value] of Object.entries(others)) {
    change(dataDirectory, { [name]: value })
    const printed = await refusal(dataDirectory)
    expect(printed).toContain(`${name} is not the one`)
    for (const other of Object.keys(others)) {
      if (other !== name) expect(printed).not.toContain(`${other} is not the one`)
    }
    expect(printed).toContain('secrets.json')
    expect(printed).not.toContain(value)
    expect(printed).not.toContain('Cumulus is running')
    expect(printed).not.toContain('"stack"')
    change(dataDirectory, secrets)
  }
  const server = await startServer({ dataDirectory })
  expect(await write(server)).toBe(200)
  await server.stop()
})

test('without secrets.json no new secrets are made for accounts that exist', async () => {
  const { dataDirectory } = await makeHost()
  renameSync(pathOf(dataDirectory), join(dataDirectory, 'backup.json'))
  const printed = await refusal(dataDirectory)
  expect(printed).toContain('PDS_KEY_SECRET')
  expect(printed).toMatch(/restore .*secrets\.json from a backup/)
  expect(existsSync(pathOf(dataDirectory))).toBe(false)
  renameSync(join(dataDirectory, 'backup.json'), pathOf(dataDirectory))
  const server = await startServer({ dataDirectory })
  expect(await write(server)).toBe(200)
  await server.stop()
})

test('a data folder of an earlier release keeps the secrets that fit, and refuses those that do not', async () => {
  const { dataDirectory, secrets } = await makeHost()
  forgetFingerprints(dataDirectory)
  change(dataDirectory, { PDS_KEY_SECRET: 'another one, long enough' })
  expect(await refusal(dataDirectory)).toContain('PDS_KEY_SECRET is not the one')
  change(dataDirectory, secrets)
  const server = await startServer({ dataDirectory })
  expect(await write(server)).toBe(200)
  await server.stop()
  change(dataDirectory, { PDS_JWT_SECRET: 'another one, long enough' })
  expect(await refusal(dataDirectory)).toContain('PDS_JWT_SECRET is not the one')
})

test('a secret that is changed on purpose is named once, and counts from then on', async () => {
  const { dataDirectory, secrets } = await makeHost()
  change(dataDirectory, { PDS_JWT_SECRET: 'another one, long enough' })
  const rotating = await startServer({
    dataDirectory,
    env: { PDS_ROTATED_SECRETS: 'PDS_JWT_SECRET' },
  })
  expect(await write(rotating)).toBe(200)
  await rotating.stop()
  const after = await startServer({ dataDirectory })
  expect(await write(after)).toBe(200)
  await after.stop()
  change(dataDirectory, secrets)
  expect(await refusal(dataDirectory)).toContain('PDS_JWT_SECRET is not the one')
})

test('whoever has lost all secrets goes on with new ones, and gives the accounts new signing keys', async () => {
  const { dataDirectory } = await makeHost()
  rmSync(pathOf(dataDirectory))
  const server = await startServer({
    dataDirectory,
    env: {
      PDS_ROTATED_SECRETS:
        'PDS_KEY_SECRET,PDS_JWT_SECRET,PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
    },
  })
  expect(await write(server)).toBe(500)
  const resolved = await fetch(
    `${server.origin}/xrpc/com.atproto.identity.resolveHandle?handle=${HANDLE}`,
  )
  expect(await resolved.json()).toEqual({ did: `did:web:${HANDLE}` })
  const operate = async (nsid: string, body: object) => {
    const response = await fetch(`${server.origin}/xrpc/${nsid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: operatorOf(server) },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
    return response
  }
  const did = `did:web:${HANDLE}`
  const reserved = await operate('com.atproto.server.reserveSigningKey', { did })
  const { signingKey } = (await reserved.json()) as { signingKey: string }
  await operate('com.atproto.admin.updateAccountSigningKey', { did, signingKey })
  expect(await write(server)).toBe(200)
  await server.stop()
  const again = await startServer({ dataDirectory })
  expect(await write(again)).toBe(200)
  await again.stop()
})
