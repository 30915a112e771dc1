/** Imports into the real server: what they may be, and what a refused one leaves on the disk. */
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { encode } from '@atproto/lex-cbor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cidOf } from '../../src/kernel/cbor/cid.ts'
import { carBlockLength, writeCarBlock } from '../../src/storage/car.ts'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MAX_SIZE = 40_000_000
const collection = 'com.example.note'

let server: TestServer
let plc: TestPlc
let account: MadeAccount
let car: Uint8Array

beforeAll(async () => {
  plc = await startPlc()
  const env = {
    PDS_DID_PLC_URL: plc.url,
    PDS_MAX_REPO_IMPORT_SIZE: String(MAX_SIZE),
    PDS_RATE_LIMITS_ENABLED: 'true',
  }
  server = await startServer({ env })
  account = await newAccount()
  await write(account, 200, 50_000)
  car = await exported(account)
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
})

async function newAccount(): Promise<MadeAccount> {
  const [made] = await makeAccounts(server, 1, 'did:plc')
  if (!made) throw new Error('no account')
  return made
}

const call = (caller: MadeAccount, method: string, type: string, body: BodyInit) =>
  fetch(`${server.origin}/xrpc/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${caller.accessJwt}`, 'content-type': type },
    body,
    duplex: 'half',
  } as RequestInit)

/** Records of random text, in batches of ten. */
async function write(caller: MadeAccount, count: number, size: number): Promise<void> {
  for (let n = 0; n < count; n += 10) {
    const writes = Array.from({ length: 10 }, () => ({
      $type: 'com.atproto.repo.applyWrites#create',
      collection,
      value: { $type: collection, text: randomBytes(size / 2).toString('hex') },
    }))
    const body = JSON.stringify({ repo: caller.did, writes })
    const response = await call(caller, 'com.atproto.repo.applyWrites', 'application/json', body)
    expect(response.status).toBe(200)
  }
}

const importCar = (caller: MadeAccount, body: BodyInit) =>
  call(caller, 'com.atproto.repo.importRepo', 'application/vnd.ipld.car', body)

async function exported({ did }: MadeAccount): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.sync.getRepo?did=${did}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Bytes of all objects on the disk. */
function objectBytes(): number {
  const folder = join(server.dataDirectory, 'objects')
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      // A file of SQLite's may be gone by now.
      .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
      .reduce((sum, stats) => sum + (stats?.isFile() ? stats.size : 0), 0)
  )
}

/** Blocks that belong to nothing, to be put behind a CAR file. */
function strayBlocks(count: number, size: number): Uint8Array {
  const blocks = Array.from({ length: count }, () => encode({ bytes: randomBytes(size) }))
  const cids = blocks.map((block) => cidOf(block))
  const length = blocks.reduce((sum, block) => sum + carBlockLength(block, 36), 0)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const [index, block] of blocks.entries()) {
    at = writeCarBlock(bytes, at, cids[index] ?? new Uint8Array(), block)
  }
  return bytes
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

test('a refused import leaves the files as large as they were, however much had arrived', async () => {
  const before = objectBytes()
  const broken = car.slice()
  broken.fill(0xff, broken.length - 10)
  const refusals = [
    await importCar(account, broken),
    await importCar(account, car.slice(0, -30_000)),
    // Out of order: nothing of it can be checked before the commit comes, which never does.
    await importCar(account, joined(car.slice(0, headerLength(car)), strayBlocks(500, 60_000))),
  ]
  for (const response of refusals) {
    expect(await response.json()).toMatchObject({ error: 'InvalidRequest' })
    expect(response.status).toBe(400)
  }
  expect(objectBytes()).toBeLessThan(before * 1.1)
  expect(await exported(account)).toEqual(car)
})

test('of a refused import that is small, no more stays than the next one uses', async () => {
  const other = await newAccount()
  await write(other, 40, 50_000)
  const small = await exported(other)
  const broken = small.slice()
  broken.fill(0xff, broken.length - 10)
  const before = objectBytes()
  for (let n = 0; n < 4; n++) expect((await importCar(other, broken)).status).toBe(400)
  expect(objectBytes()).toBeLessThan(before + 3 * small.length)
  expect(await exported(other)).toEqual(small)
  expect((await importCar(other, small)).status).toBe(200)
  expect(objectBytes()).toBeLessThan(before + 3 * small.length)
})

test('a small file of which much is stored, as one record is at many keys, is imported', async () => {
  const other = await newAccount()
  const value = { $type: collection, text: randomBytes(25_000).toString('hex') }
  for (let n = 0; n < 40; n++) {
    const writes = Array.from({ length: 10 }, () => ({
      $type: 'com.atproto.repo.applyWrites#create',
      collection,
      value,
    }))
    const body = JSON.stringify({ repo: other.did, writes })
    expect((await call(other, 'com.atproto.repo.applyWrites', 'application/json', body)).ok).toBe(
      true,
    )
  }
  const small = await exported(other)
  expect(small.length).toBeLessThan(200_000)
  expect((await importCar(other, small)).status).toBe(200)
  const again = await exported(other)
  // One block for all of them, and another commit.
  expect(again.length).toBe(small.length)
})

test('a good import takes the place of what was there, without blocks that belong to nothing', async () => {
  const before = objectBytes()
  await write(account, 10, 100)
  const response = await importCar(account, joined(car, strayBlocks(300, 60_000)))
  expect(response.status).toBe(200)
  const agent = new AtpAgent({ service: server.origin })
  const { data } = await agent.com.atproto.repo.listRecords({
    repo: account.did,
    collection,
    limit: 1,
  })
  expect(String(data.records[0]?.value.text)).toHaveLength(50_000)
  const status = await fetch(`${server.origin}/xrpc/com.atproto.server.checkAccountStatus`, {
    headers: { authorization: `Bearer ${account.accessJwt}` },
  })
  expect(await status.json()).toMatchObject({ indexedRecords: 200 })
  // The rows that were replaced and those that took their place, and no more.
  expect(objectBytes()).toBeLessThan(before + 1.5 * car.length)
})

test('a repository that is too large is refused, whether it says so or not', async () => {
  const body = joined(car.slice(0, headerLength(car)), strayBlocks(800, 60_000))
  const stream = () => new Blob([body]).stream()
  // What of the import before is still in the log only, goes into the database with this.
  await importCar(account, stream())
  const before = objectBytes()
  for (const sent of [body, stream()]) {
    const response = await importCar(account, sent)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: 'PayloadTooLarge' })
  }
  expect(objectBytes()).toBeLessThan(before * 1.1)
})

test('an account imports ten times a day', async () => {
  const other = await newAccount()
  const statuses: number[] = []
  for (let n = 0; n < 11; n++) statuses.push((await importCar(other, new Uint8Array(10))).status)
  expect(statuses).toEqual([...Array(10).fill(400), 429])
})

/** Bytes of a CAR file's header, which is one byte of length and so much more. */
const headerLength = (file: Uint8Array) => 1 + (file[0] ?? 0)
