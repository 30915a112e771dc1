import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Secp256k1Keypair } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { type Cid, decodeCid } from '@atproto/lex-data'
import {
  type BlockMap,
  blocksToCarFile,
  MemoryBlockstore,
  Repo,
  readCarWithRoot,
  verifyRepoCar,
  WriteOpAction,
} from '@atproto/repo'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AccountRpc } from '../contracts/account.ts'
import { cidOf } from '../kernel/cbor/cid.ts'
import { rpcClient } from '../services/objects/client.ts'
import { accountStub as stubOf } from '../services/objects/stubs.ts'
import type { Write } from '../storage/account/writes.ts'
import { type CarBlock, carFile } from '../storage/car.ts'
import { expectValue, resultOf } from '../testing/result.ts'

type Stub = ReturnType<typeof stubOf>
const client = (stub: Stub) => rpcClient<AccountRpc>(stub)
const collection = 'com.example.note'
const SOURCE = 'did:web:source.test'

let source: Stub
let car: Uint8Array
let signingKey: string
let made = 0
let account: Stub

/** An account with 300 records, some of them duplicates, exported once for all tests. */
beforeAll(async () => {
  source = await makeAccount(SOURCE)
  for (let batch = 0; batch < 3; batch++) {
    const writes = Array.from({ length: 100 }, (_, i) => create(`k${batch}-${i}`, `text ${i % 40}`))
    await client(source).repository.write({ writes })
  }
  const blob = decodeCid(cidOf(new Uint8Array([1])))
  const image = { $type: 'blob', ref: blob, mimeType: 'image/png', size: 1 }
  const block = encode({ $type: collection, image })
  // Straight into the object: the blob was never uploaded.
  await runInDurableObject(source, (_, { storage }) => {
    storage.sql.exec(
      'INSERT INTO blob VALUES (?, ?, ?, ?, NULL)',
      blob.toString(),
      'k',
      'image/png',
      1,
    )
  })
  const blobs = [{ cid: blob.toString(), mimeType: 'image/png', size: 1 }]
  await client(source).repository.write({
    writes: [
      {
        action: 'create',
        collection,
        rkey: 'image',
        record: { cid: cidOf(block), block, blobs },
      },
    ],
  })
  car = await exported(source)
  signingKey = (await client(source).repository.identity()).signingKey
})

beforeEach(async () => {
  // The same DID on an object of its own: an account that moves here.
  account = env.ACCOUNTS.get(env.ACCOUNTS.idFromName(`import ${made++}`))
  await client(account).lifecycle.create({
    did: SOURCE,
    handle: 'source.test',
    email: null,
    password: null,
  })
  await client(account).repository.write({ writes: [create('old', 'what was here before')] })
})

async function makeAccount(did: string): Promise<Stub> {
  const stub = stubOf(env, did)
  await client(stub).lifecycle.create({ did, handle: did.slice(8), email: null, password: null })
  return stub
}

function create(rkey: string, text: string): Write {
  const block = encode({ $type: collection, text })
  return { action: 'create', collection, rkey, record: { cid: cidOf(block), block, blobs: [] } }
}

async function exported(stub: Stub): Promise<Uint8Array> {
  return new Uint8Array(await new Response(await client(stub).repository.exportCar()).arrayBuffer())
}

/** A file that arrives in chunks of some size. */
function inChunks(file: Uint8Array, size: number, beforeFirst?: () => Promise<unknown>) {
  let at = 0
  const source: UnderlyingByteSource = {
    type: 'bytes',
    async pull(controller) {
      if (at === 0) await beforeFirst?.()
      if (at >= file.byteLength) return controller.close()
      controller.enqueue(file.slice(at, at + size))
      at += size
    },
  }
  // The types of the platform have no constructor for byte sources.
  return new ReadableStream(source as unknown as UnderlyingSource<Uint8Array>)
}

const importInto = (stub: Stub, file: Uint8Array, size = 5000, keys: string[] = [signingKey]) =>
  resultOf(client(stub).repository.importCar(inChunks(file, size), keys))

const paths = async (file: Uint8Array) => {
  const { creates } = await verifyRepoCar(file)
  return creates.map(({ rkey, cid }) => `${rkey} ${cid}`).sort()
}

async function tables(stub: Stub) {
  return runInDurableObject(stub, (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'import%'",
      )
      .toArray(),
  )
}

async function reordered(order: (blocks: CarBlock[]) => CarBlock[]): Promise<Uint8Array> {
  const { root, blocks } = await readCarWithRoot(car)
  const list = blocks.entries().map(({ cid, bytes }): CarBlock => [cid.bytes, bytes])
  return carFile(root.bytes, order(list))
}

describe('a repository is taken in', () => {
  test.each<[string, () => Promise<Uint8Array>, number]>([
    ['as it was exported', async () => car, 5000],
    ['byte by byte', async () => car, 1],
    ['in one piece', async () => car, 1 << 24],
    ['with its blocks the other way round', () => reordered((list) => list.reverse()), 5000],
    [
      'in order of CID',
      () => reordered((list) => list.sort((a, b) => Buffer.compare(a[0], b[0]))),
      5000,
    ],
    ['with blocks that come twice', () => reordered((list) => [...list, ...list]), 5000],
    [
      'with each record before its node',
      () => reordered((list) => [...list.slice(1), ...list.slice(0, 1)]),
      5000,
    ],
  ])('%s', async (_, file, size) => {
    expectValue(await importInto(account, await file(), size))
    const after = await exported(account)
    expect(await paths(after)).toEqual(await paths(car))
    const key = (await client(account).repository.identity()).signingKey
    expect(key).not.toBe(signingKey)
    await verifyRepoCar(after, SOURCE, key)
    expect(await client(account).blobs.listMissing(10)).toMatchObject([
      { path: `${collection}/image` },
    ])
    expect(await tables(account)).toEqual([])

    // What comes after is written into the tree that was imported.
    await client(account).repository.write({
      writes: [create('new', 'after'), { action: 'delete', collection, rkey: 'k0-0' }],
    })
    expect(await paths(await exported(account))).toHaveLength(301)
  })

  test('also when it is empty', async () => {
    const empty = await makeAccount('did:web:empty.test')
    const file = await exported(empty)
    expectValue(await importInto(empty, file))
    expect(await paths(await exported(empty))).toEqual([])
  })

  test('and a missing blob is wanted until it is uploaded', async () => {
    expectValue(await importInto(account, car))
    const [missing] = await client(account).blobs.listMissing(10)
    if (!missing) throw new Error('nothing is missing')
    await client(account).blobs.add({ cid: missing.cid, key: 'x', mimeType: 'image/png', size: 1 })
    expect(await client(account).blobs.listMissing(10)).toEqual([])
    expect(await client(account).blobs.get(missing.cid)).toMatchObject({ key: 'x' })
  })
})

/** Imports must be refused, and leave the account and its store as they were. */
async function expectRefusal(file: Uint8Array, keys?: string[], message = /./): Promise<void> {
  const before = await exported(account)
  const outcome = await importInto(account, file, 5000, keys)
  expect(outcome).toMatchObject({
    ok: false,
    refused: { name: 'InvalidRequest', status: 400, message: expect.stringMatching(message) },
  })
  expect(await exported(account)).toEqual(before)
  expect(await tables(account)).toEqual([])
}

describe('a repository is refused', () => {
  test('when nobody trusted has signed it', () => expectRefusal(car, [], /not signed with the key/))

  test('when it is somebody else’s', async () => {
    const other = await makeAccount('did:web:other.test')
    const outcome = await importInto(other, car)
    expect(outcome).toMatchObject({ refused: { message: `The repository belongs to ${SOURCE}` } })
  })

  test.each([0, 1, 10, 58, 59, 60, 300, 5000, -1])('when it breaks off after %i bytes', (length) =>
    expectRefusal(car.slice(0, length)),
  )

  test('when a block is missing, whichever', async () => {
    for (const index of [0, 1, 2, 50, 100]) {
      await expectRefusal(
        await reordered((list) => list.filter((_, i) => i !== index)),
        undefined,
        /missing/,
      )
    }
  })

  test('when a length is absurd', async () => {
    const huge = new Uint8Array([...car.slice(0, 59), 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3])
    await expectRefusal(huge, undefined, /too large/)
  })

  test('when the root is no commit', async () => {
    const { blocks } = await readCarWithRoot(car)
    const [, second] = blocks.entries()
    if (!second) throw new Error('no block')
    await expectRefusal(await blocksToCarFile(second.cid, blocks), undefined, /commit|belongs/)
  })

  test('when a tree is not the one its keys make', async () => {
    const keypair = await Secp256k1Keypair.create()
    const leaf = encode({ $type: collection, text: 'a' })
    const link = decodeCid(cidOf(leaf))
    // Two keys of layer 0 on two levels.
    const entry = (rkey: string, t: Cid | null) => ({
      k: new TextEncoder().encode(`${collection}/${rkey}`),
      p: 0,
      t,
      v: link,
    })
    const low = encode({ e: [entry('3jqfcqzm3fo2j', null)], l: null })
    const high = encode({ e: [entry('3jqfcqzm3fn2j', decodeCid(cidOf(low)))], l: null })
    const file = await signedCar(keypair, [high, low, leaf])
    await expectRefusal(file, [keypair.did()], /wrong layer|lowest layer/)
  })

  test('when a tree unfolds without end', async () => {
    const keypair = await Secp256k1Keypair.create()
    // Each level names the one below twice: 2^40 keys in 40 blocks.
    const leaf = encode({ $type: collection })
    const blocks = [encode({ e: [], l: null })]
    for (let level = 0; level < 40; level++) {
      const below = decodeCid(cidOf(blocks[0] ?? leaf))
      const k = new TextEncoder().encode(`${collection}/a`)
      blocks.unshift(encode({ e: [{ k, p: 0, t: below, v: decodeCid(cidOf(leaf)) }], l: below }))
    }
    await expectRefusal(
      await signedCar(keypair, [...blocks, leaf]),
      [keypair.did()],
      /order|missing|layer/,
    )
  })

  test('when a tree is a chain without keys', async () => {
    const keypair = await Secp256k1Keypair.create()
    const blocks = [encode({ e: [], l: null })]
    for (let level = 0; level < 60; level++) {
      blocks.unshift(encode({ e: [], l: decodeCid(cidOf(blocks[0] ?? new Uint8Array())) }))
    }
    await expectRefusal(await signedCar(keypair, blocks), [keypair.did()], /no place/)
  })

  test.each([
    ['nokey', 'a path without slash'],
    ['com.example.note/a/b', 'a path with two'],
    ['note/a', 'a collection that is no NSID'],
    [`${collection}/${'x'.repeat(513)}`, 'a key that is too long'],
    [`${collection}/a b`, 'a key with a blank'],
    [`${collection}/..`, 'a key of dots'],
  ])('when it has a record at "%s": %s', async (path) => {
    const keypair = await Secp256k1Keypair.create()
    const leaf = encode({ $type: collection })
    const k = new TextEncoder().encode(path)
    const node = encode({ e: [{ k, p: 0, t: null, v: decodeCid(cidOf(leaf)) }], l: null })
    await expectRefusal(
      await signedCar(keypair, [node, leaf]),
      [keypair.did()],
      /Invalid record path/,
    )
  })

  test('when it was written to meanwhile', async () => {
    const stream = inChunks(car, 5000, async () => {
      await client(account).repository.write({ writes: [create('meanwhile', 'a')] })
    })
    expect(
      await resultOf(client(account).repository.importCar(stream, [signingKey])),
    ).toMatchObject({
      refused: { message: expect.stringContaining('written to while') },
    })
    expect(await paths(await exported(account))).toHaveLength(2)
  })

  test('whatever is changed in it: bits flipped at random', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(car.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = car.slice()
          damaged[at] = (damaged[at] ?? 0) ^ flip
          const outcome = await importInto(account, damaged, 100_000)
          expect(outcome).toMatchObject({ ok: false, refused: { status: 400 } })
        },
      ),
      { numRuns: 150, seed: 20261121 },
    )
    expect(await paths(await exported(account))).toHaveLength(1)
  })
})

/** A CAR file whose commit is signed by `keypair` over the first block. */
async function signedCar(keypair: Secp256k1Keypair, blocks: Uint8Array[]): Promise<Uint8Array> {
  const [root = new Uint8Array()] = blocks
  const unsigned = {
    did: SOURCE,
    version: 3,
    rev: '3l2s5poxi422p',
    prev: null,
    data: decodeCid(cidOf(root)),
  }
  const commit = encode({ ...unsigned, sig: await keypair.sign(encode(unsigned)) })
  const all = [commit, ...blocks].map((block): CarBlock => [cidOf(block), block])
  return carFile(cidOf(commit), all)
}

test('a repository made by @atproto/repo is taken in', async () => {
  const keypair = await Secp256k1Keypair.create()
  const storage = new MemoryBlockstore()
  const writes = Array.from({ length: 200 }, (_, i) => ({
    action: WriteOpAction.Create as const,
    collection: collection as `${string}.${string}.${string}`,
    rkey: `r${i}`,
    record: { $type: collection, text: `${i}` },
  }))
  const repo = await Repo.create(storage, SOURCE, keypair, writes)
  const blocks: BlockMap = storage.blocks
  expectValue(
    await importInto(account, await blocksToCarFile(repo.cid, blocks), 5000, [keypair.did()]),
  )
  expect(await paths(await exported(account))).toHaveLength(200)
})
