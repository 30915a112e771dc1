/** A long random history of one account, and what must hold after it. Seeded: it is the same each time. */

import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { decode, encode } from '@atproto/lex-cbor'
import { type Cid, decodeCid } from '@atproto/lex-data'
import { def, MemoryBlockstore, MST, readCarWithRoot, verifyCommitSig } from '@atproto/repo'
import { Frame } from '@atproto/xrpc-server'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { AccountRpc } from '../contracts/account.ts'
import { cidOf, equalBytes } from '../kernel/cbor/cid.ts'
import { rpcClient } from '../services/objects/client.ts'
import { accountStub, sequencerStub } from '../services/objects/stubs.ts'
import type { EncodedRecord, Write } from '../storage/account/writes.ts'
import { resultOf } from '../testing/result.ts'
import { ring, settle } from '../testing/settle.ts'
import { storedEvents } from '../testing/stored-events.ts'

const SEED = 20261121
const OPERATIONS = 6000
const DID = 'did:web:history.test'
const COLLECTIONS = [
  'com.example.note',
  'com.example.note-x',
  'com.example.notes',
  'app.bsky.feed.like',
]

let account: ReturnType<typeof accountStub>
const client = () => rpcClient<AccountRpc>(account)
/** What the repository should hold: path → CID. */
const expected = new Map<string, Uint8Array>()
let performed = 0
let refused = 0

const note = (n: number): EncodedRecord => {
  const block = encode({ $type: 'com.example.note', n })
  return { cid: cidOf(block), block, blobs: [] }
}

/** A batch as it comes out of the generator: numbers that stand for paths and contents. */
const batches = fc.array(
  fc.record({
    action: fc.constantFrom('create', 'create', 'update', 'put', 'delete', 'delete'),
    collection: fc.constantFrom(...COLLECTIONS),
    key: fc.nat(400),
    // Few contents: duplicates are everywhere.
    content: fc.nat(60),
    swap: fc.constantFrom('none', 'none', 'right', 'wrong'),
  }),
  { minLength: 1, maxLength: 20 },
)
type Generated = (typeof batches extends fc.Arbitrary<infer All> ? All : never)[number]

function toWrite({ action, collection, key, content, swap }: Generated): Write {
  const rkey = `k${key}`
  const record = note(content)
  if (action === 'create' || action === 'update') return { action, collection, rkey, record }
  const current = expected.get(`${collection}/${rkey}`) ?? null
  const swaps = { none: {}, right: { swap: current }, wrong: { swap: note(content + 1000).cid } }
  return action === 'put'
    ? { action, collection, rkey, record, ...swaps[swap] }
    : { action: 'delete', collection, rkey, ...swaps[swap] }
}

/** What a batch should do, or undefined where it should be refused. */
function predict(writes: readonly Write[]): Map<string, Uint8Array> | undefined {
  const after = new Map(expected)
  for (const write of writes) {
    const path = `${write.collection}/${write.rkey}`
    const now = after.get(path) ?? null
    if ('swap' in write && write.swap !== undefined) {
      const equal = write.swap && now ? equalBytes(write.swap, now) : write.swap === now
      if (!equal) return undefined
    }
    if (write.action === 'create' && now) return undefined
    if (write.action === 'update' && !now) return undefined
    if (write.action === 'delete') after.delete(path)
    else after.set(path, write.record.cid)
  }
  return after
}

beforeAll(async () => {
  account = accountStub(env, DID)
  await client().lifecycle.create({ did: DID, handle: 'history.test', email: null, password: null })
  const generated = fc.sample(batches, { seed: SEED, numRuns: 2000 })
  for (const [index, batch] of generated.entries()) {
    if (performed >= OPERATIONS) break
    const writes = batch.map(toWrite)
    // A long batch is refused more often than not: most are sent one by one.
    const groups = index % 3 === 0 ? [writes] : writes.map((write) => [write])
    // As it does on its own every ten seconds, which few machines are slow enough for.
    const ringing = index % 50 === 25 ? ring(account) : undefined
    for (const group of groups) {
      const after = predict(group)
      const outcome = await resultOf(client().repository.write({ writes: group }))
      expect(outcome.ok).toBe(after !== undefined)
      performed += group.length
      if (after) replaceExpected(after)
      else refused++
    }
    await ringing
    if (index % 200 === 0) await evictDurableObject(account)
  }
}, 120_000)

function replaceExpected(after: ReadonlyMap<string, Uint8Array>): void {
  expected.clear()
  for (const [path, cid] of after) expected.set(path, cid)
}

test('the history was long, and had its share of refusals', () => {
  expect(performed).toBeGreaterThanOrEqual(OPERATIONS)
  expect(refused).toBeGreaterThan(500)
  expect(expected.size).toBeGreaterThan(200)
})

async function treeOf(records: ReadonlyMap<string, Uint8Array>): Promise<MST> {
  let tree = await MST.create(new MemoryBlockstore())
  for (const [path, cid] of records) tree = await tree.add(path, decodeCid(cid))
  return tree
}

test('the tree is the one that @atproto/repo builds from the records, and the store holds just that', async () => {
  const { root, blocks } = await (await treeOf(expected)).getUnstoredBlocks()
  await settle(account)
  const stored = await runInDurableObject(account, (_, { storage: { sql } }) => ({
    data: new Uint8Array(sql.exec<{ data: ArrayBuffer }>('SELECT data FROM head').one().data),
    nodes: sql
      .exec<{ cid: ArrayBuffer; block: ArrayBuffer }>('SELECT cid, block FROM node')
      .toArray(),
    records: sql
      .exec<{ path: string; cid: ArrayBuffer; block: ArrayBuffer }>(
        'SELECT path, cid, block FROM record',
      )
      .toArray(),
  }))
  expect(decodeCid(stored.data).toString()).toBe(root.toString())
  // Counted with each commit, never by looking.
  expect(await client().profile.inventory()).toMatchObject({
    records: expected.size,
    blocks: 1 + stored.nodes.length + expected.size,
  })
  const nodes = stored.nodes.map(({ cid, block }) => [
    text(cid),
    text(cidOf(new Uint8Array(block))),
  ])
  expect(nodes.map(([cid]) => cid).sort()).toEqual(blocks.cids().map(String).sort())
  for (const [cid, computed] of nodes) expect(cid).toBe(computed)
  const records = stored.records.map(({ path, cid }) => `${path} ${text(cid)}`)
  expect(records.sort()).toEqual([...expected].map(([path, cid]) => `${path} ${text(cid)}`).sort())
  for (const { cid, block } of stored.records)
    expect(text(cidOf(new Uint8Array(block)))).toBe(text(cid))
})

const text = (cid: ArrayBuffer | Uint8Array): string => decodeCid(new Uint8Array(cid)).toString()

interface CommitBody {
  repo: string
  rev: string
  since: string | null
  blocks: Uint8Array
  commit: Cid
  prevData?: Cid
  ops: { action: string; path: string; cid: Cid | null; prev?: Cid }[]
}

test('every event can be undone by somebody who has that event alone', async () => {
  // Whatever is still in the outbox has arrived when the alarm's work is done.
  await ring(account)
  const frames = await runInDurableObject(sequencerStub(env), (_, { storage: { sql } }) =>
    storedEvents(sql, DID).map(
      ({ event }) => Frame.fromBytes(event.frame).body as unknown as CommitBody,
    ),
  )
  const commits = frames.filter(({ ops }) => ops)
  const { signingKey } = await client().repository.identity()
  const state = new Map<string, string>()
  let previous: { rev: string; data: string } | undefined
  for (const { repo, rev, since, blocks: car, commit, prevData, ops } of commits) {
    const { root, blocks } = await readCarWithRoot(car)
    expect(root.toString()).toBe(commit.toString())
    const object = def.commit.schema.parse(decode(blocks.get(root) ?? new Uint8Array()))
    expect(object).toMatchObject({ did: repo, rev })
    expect(await verifyCommitSig(object, signingKey)).toBe(true)
    expect(since).toBe(previous?.rev ?? null)
    expect(prevData?.toString()).toBe(previous?.data)
    if (previous) expect(rev > previous.rev).toBe(true)

    let tree = MST.load(new MemoryBlockstore(blocks), object.data)
    for (const { action, path, cid, prev } of [...ops].reverse()) {
      expect(prev?.toString()).toBe(state.get(path))
      if (action === 'create') tree = await tree.delete(path)
      else if (action === 'delete' && prev) tree = await tree.add(path, prev)
      else if (prev) tree = await tree.update(path, prev)
      if (cid) {
        expect(blocks.has(cid)).toBe(true)
        state.set(path, cid.toString())
      } else state.delete(path)
    }
    if (previous) expect((await tree.getPointer()).toString()).toBe(previous.data)
    previous = { rev, data: object.data.toString() }
  }
  expect(commits.length).toBeGreaterThan(1000)
  expect(previous?.data).toBe((await (await treeOf(expected)).getPointer()).toString())
  expect([...state].sort()).toEqual([...expected].map(([path, cid]) => [path, text(cid)]).sort())
})
