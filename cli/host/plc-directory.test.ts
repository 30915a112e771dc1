import { appendFileSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secp256k1Keypair } from '@atproto/crypto'
import { Client, type Operation, type PlcClientError, updateHandleOp } from '@did-plc/lib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PlcDirectory, startPlcDirectory } from './plc-directory.ts'

let file: string
let plc: PlcDirectory
const start = (upstream = 'http://127.0.0.1:9', port = 0) =>
  startPlcDirectory({ file, port, upstream })

beforeEach(async () => {
  file = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'plc.jsonl')
  plc = await start()
})
afterEach(() => plc.stop())

async function restart(): Promise<void> {
  await plc.stop()
  plc = await start()
}

const makeKey = async () => {
  const key = await Secp256k1Keypair.create()
  return { key, did: key.did() }
}

async function register(key: Awaited<ReturnType<typeof makeKey>>): Promise<string> {
  return new Client(plc.url).createDid({
    signingKey: key.did,
    rotationKeys: [key.did],
    handle: 'alice.test',
    pds: 'http://localhost:2583',
    // Its own type of key, of an older version.
    signer: key.key as never,
  })
}

test('what was registered and changed is there after a restart, and can be changed further', async () => {
  const key = await makeKey()
  const did = await register(key)
  await new Client(plc.url).updateHandle(did, key.key as never, 'bob.test')
  await restart()
  await new Client(plc.url).updateHandle(did, key.key as never, 'carol.test')
  await restart()
  const client = new Client(plc.url)
  expect((await client.getDocument(did)).alsoKnownAs).toEqual(['at://carol.test'])
  expect(await client.getAuditableLog(did)).toHaveLength(3)
})

test('a line that was cut off by a crash is left out, and the next one stands by itself', async () => {
  const key = await makeKey()
  const did = await register(key)
  await plc.stop()
  appendFileSync(file, '[{"did":"did:plc:cut')
  plc = await start()
  await new Client(plc.url).updateHandle(did, key.key as never, 'bob.test')
  await restart()
  expect((await new Client(plc.url).getDocument(did)).alsoKnownAs).toEqual(['at://bob.test'])
})

test('of two operations after the same one, sent at once, one is refused', async () => {
  const key = await makeKey()
  const did = await register(key)
  const client = new Client(plc.url)
  const last = (await client.getLastOp(did)) as Operation
  const operations = await Promise.all(
    ['bob.test', 'carol.test'].map((handle) => updateHandleOp(last, key.key as never, handle)),
  )
  const results = await Promise.allSettled(
    operations.map((operation) => client.sendOperation(did, operation)),
  )
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await client.getOperationLog(did)).toHaveLength(2)
})

test('identities of others are read from the public directory, and never written there', async () => {
  const asked: string[] = []
  const upstream = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/did+ld+json').end('{"id":"of others"}')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  await plc.stop()
  plc = await start(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  const key = await makeKey()
  const did = await register(key)
  expect(await (await fetch(`${plc.url}/${did}`)).json()).toMatchObject({ id: did })
  expect(asked).toEqual([])
  const foreign = `did:plc:${'a'.repeat(24)}`
  const answer = await fetch(`${plc.url}/${encodeURIComponent(foreign)}/data`)
  expect(await answer.json()).toEqual({ id: 'of others' })
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  const change = new Client(plc.url).updateHandle(foreign, key.key as never, 'evil.test')
  await expect(change).rejects.toThrow()
  expect(asked.every((request) => request.startsWith('GET '))).toBe(true)
  upstream.closeAllConnections()
  upstream.close()
})

test('without a network nobody is told that the identity of another does not exist', async () => {
  const asking = new Client(plc.url).getDocument(`did:plc:${'a'.repeat(24)}`)
  await expect(asking).rejects.toMatchObject({ status: 502 } satisfies Partial<PlcClientError>)
})

test('where the port is taken, another one is', async () => {
  const port = Number(new URL(plc.url).port)
  const second = await start(undefined, port)
  expect(second.url).not.toBe(plc.url)
  await second.stop()
})
