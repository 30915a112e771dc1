/** Repositories of a backup are read whole, or refused. */
import { buffer } from 'node:stream/consumers'
import { Secp256k1Keypair } from '@atproto/crypto'
import { blocksToCarFile, MemoryBlockstore, Repo, WriteOpAction } from '@atproto/repo'
import { beforeAll, expect, test } from 'vitest'
import {
  type CarSource,
  mergeRepository,
  RepositoryError,
  readRepository,
} from '../../src/services/backup/repository.ts'

const DID = 'did:web:alice.test'

let key: Secp256k1Keypair
/** The repository as it was, what came since, and all of it. */
let base: Uint8Array
let since: Uint8Array
let head: string
let records: number

const source = (bytes: Uint8Array): CarSource =>
  async function* () {
    for (let at = 0; at < bytes.byteLength; at += 1000) yield bytes.subarray(at, at + 1000)
  }

const read = (...parts: Uint8Array[]) => readRepository(parts.map(source), DID, key.did())

beforeAll(async () => {
  key = await Secp256k1Keypair.create()
  const storage = new MemoryBlockstore()
  const write = (n: number) => ({
    action: WriteOpAction.Create as const,
    collection: 'com.example.note' as const,
    rkey: `k${n}`,
    record: { $type: 'com.example.note', text: `note ${n}` },
  })
  let repo = await Repo.create(storage, DID, key)
  const first = Array.from({ length: 200 }, (_, n) => write(n))
  repo = await repo.applyWrites(first, key)
  base = await blocksToCarFile(repo.cid, storage.blocks)
  const before = new Set(storage.blocks.cids().map(String))
  const deleted = {
    action: WriteOpAction.Delete as const,
    collection: 'com.example.note' as const,
    rkey: 'k7',
  }
  repo = await repo.applyWrites([...[300, 301].map(write), deleted], key)
  const fresh = new MemoryBlockstore().blocks
  for (const cid of storage.blocks.cids()) {
    const bytes = storage.blocks.get(cid)
    if (bytes && !before.has(String(cid))) fresh.set(cid, bytes)
  }
  since = await blocksToCarFile(repo.cid, fresh)
  head = repo.cid.toString()
  records = 201
})

test('what came since is read over what was before', async () => {
  const whole = await read(base, since)
  expect(whole.head).toBe(head)
  expect(whole.records.size).toBe(records)
  expect(whole.records.has('com.example.note/k7')).toBe(false)
  expect((await read(base)).records.size).toBe(200)
})

test('merged, it is one file with nothing that is not needed', async () => {
  const merged = await buffer(mergeRepository([source(base), source(since)], DID))
  expect(await read(merged)).toEqual(await read(base, since))
  expect(merged.byteLength).toBeLessThan(base.byteLength + since.byteLength)
})

test.each([
  ['a part is missing', () => read(since)],
  ['it is cut off', () => read(base.subarray(0, base.byteLength - 10), since)],
  [
    'a byte has changed',
    () => {
      const damaged = base.slice()
      damaged[damaged.byteLength - 20] = (damaged[damaged.byteLength - 20] ?? 0) ^ 1
      return read(damaged, since)
    },
  ],
  ['it is somebody else’s', () => readRepository([source(base)], 'did:web:bob.test', key.did())],
  [
    'another key has signed it',
    async () => {
      const other = await Secp256k1Keypair.create()
      return readRepository([source(base)], DID, other.did())
    },
  ],
])('it is refused where %s', async (_, attempt) => {
  await expect(attempt()).rejects.toThrow(RepositoryError)
})
