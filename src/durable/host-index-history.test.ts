/**
 * Random histories of several accounts, with crashes of the index between any two of its statements: it holds what a full
 * scan finds, and the hook was told of every write, in order for each account. Seeded: they are the same each time.
 */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { beforeAll, expect, test, vi } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { accountStub, hostObjects, indexStub, sequencerStub } from '../services/objects/stubs.ts'
import { unpackRecords } from '../storage/account/packed.ts'
import type { Write } from '../storage/account/writes.ts'
import { readerOf, useCollections } from '../testing/collections.ts'
import { crashAfterStatement } from '../testing/crash.ts'
import { makeAccount } from '../testing/host.ts'
import { setShards, untilShards } from '../testing/index-shards.ts'
import { randomFrom } from '../testing/random.ts'

const NOTE = 'com.example.note'
/** Seeds, and among how many objects the index is divided on the way: one after the other, while everything goes on. */
const HISTORIES: [seed: number, shards: number[]][] = [
  [1, []],
  [2, []],
  [3, [3, 2]],
]
const ROUNDS = 120
const ACCOUNTS = 4
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

interface Told {
  did: string
  rev: string
  rkey: string
  action: string
}
const told: Told[] = []

beforeAll(() =>
  useCollections({
    [NOTE]: {
      index: { byNumber: ['n'], byAuthor: ['@did', 'n'] },
      search: ['text'],
      afterWrite({ did, rev, rkey, action }: Told) {
        told.push({ did, rev, rkey, action })
      },
    } as never,
  }),
)

const objects = hostObjects(env)
const notes = () => readerOf<'byNumber' | 'byAuthor'>(NOTE)
const by = { by: 'admin' }

function record(n: number) {
  const block = encode({ $type: NOTE, n: n % 7, text: `number ${n % 5}` })
  return { cid: cidOf(block), block, blobs: [] }
}

/** All objects of the layout that serves. */
async function indexObjects() {
  const { serving } = await sequencerStub(env).indexLayouts()
  return Array.from({ length: serving.shards }, (_, at) => indexStub(env, serving, at))
}

/** What whoever asks each account finds: addresses with the number in each. */
async function scan(dids: readonly string[]): Promise<string[]> {
  const all = await Promise.all(
    dids.map(async (did) => {
      try {
        const options = { collection: NOTE, limit: 100 }
        const { page } = await objects.account(did).repository.listRecords(options)
        return unpackRecords(page ?? expect.unreachable()).records.map(
          ({ rkey, cid }) => `${did}/${rkey} ${cid}`,
        )
      } catch {
        return []
      }
    }),
  )
  return all.flat().sort()
}

/** The same by an index, in small pages. */
async function readIndex(mine: ReadonlySet<string>): Promise<{ rows: string[]; keys: number[] }> {
  const rows: string[] = []
  const keys: number[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await objects.hostIndex.query.page({
      ...{ collection: NOTE, index: 'byNumber', limit: 3 },
      ...(cursor !== undefined && { cursor }),
    })
    for (const { did, rkey, cid, block } of page.rows) {
      if (!mine.has(did)) continue
      rows.push(`${did}/${rkey} ${cid}`)
      // The canonical order puts `n` first; a small number is one byte.
      keys.push((block[3] ?? 0) & 31)
    }
    if (page.cursor === undefined) return { rows: rows.sort(), keys }
    cursor = page.cursor
  }
}

test.each(HISTORIES)(
  'the index is what a full scan finds, whatever happens (%i, divided %j)',
  async (seed, divisions) => {
    const random = randomFrom(seed)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const dids: string[] = []
    const join = async () => {
      const { did } = await makeAccount()
      dids.push(did)
    }
    for (let n = 0; n < ACCOUNTS; n++) await join()

    async function write(did: string): Promise<void> {
      // Each key once: what is created and deleted in one batch was never there.
      const keys = new Set(Array.from({ length: pick([1, 1, 1, 3]) }, () => pick(KEYS)))
      const writes = [...keys].map((rkey): Write => {
        return random() < 0.3
          ? { action: 'delete', collection: NOTE, rkey }
          : { action: 'put', collection: NOTE, rkey, record: record(Math.floor(random() * 1000)) }
      })
      const { commit } = await objects.account(did).repository.write({ writes })
      if (commit) revs.get(did)?.add(commit.rev)
    }
    let shards = 1
    const revs = new Map(dids.map((did) => [did, new Set<string>()]))

    for (let round = 0; round < ROUNDS; round++) {
      const did = pick(dids)
      const account = objects.account(did)
      const chance = random()
      const next = divisions[Math.floor((round * (divisions.length + 1)) / ROUNDS) - 1]
      if (next !== undefined && next !== shards) {
        shards = next
        await setShards(next)
      }
      if (chance < 0.1) {
        const { serving, next: coming } = await sequencerStub(env).indexLayouts()
        const layout = pick([serving, coming ?? serving])
        const shard = Math.floor(random() * layout.shards)
        await crashAfterStatement(
          () => indexStub(env, layout, shard) as never,
          pick([1, 2, 3, 5, 8]),
        )
      }
      const path = `${NOTE}/${pick(KEYS)}`
      const step = async (): Promise<unknown> => {
        if (chance < 0.75) return write(did)
        if (chance < 0.8) return account.moderation.setRecordTakedown(path, 'x', by)
        if (chance < 0.85) return account.moderation.setRecordTakedown(path, null, by)
        if (chance < 0.89) return account.lifecycle.setTakedown(pick(['x', null]))
        if (chance < 0.93) return account.lifecycle.deactivate(null)
        return account.lifecycle.activate()
      }
      // What is refused, since the account is as it is, changes nothing.
      await step().catch(() => undefined)
    }
    await untilShards(shards)
    const mine = new Set(dids)
    await vi.waitFor(
      async () => {
        // What a crash has put off for some seconds.
        const stubs = [
          sequencerStub(env),
          ...(await indexObjects()),
          ...dids.map((did) => accountStub(env, did)),
        ]
        for (const stub of stubs) await runDurableObjectAlarm(stub as never)
        const { rows, keys } = await readIndex(mine)
        expect(rows).toEqual(await scan(dids))
        expect(keys).toEqual(keys.toSorted((a, b) => a - b))
        const counted = await Promise.all(
          dids.map((did) => notes().byAuthor.count({ where: { '@did': did } })),
        )
        expect(counted.reduce((sum, n) => sum + n, 0)).toBe(rows.length)
        // Hooks: each commit, in the order of revs, and again only what comes at once.
        for (const did of dids) {
          const heard = told.filter((one) => one.did === did).map(({ rev }) => rev)
          expect(new Set(heard)).toEqual(revs.get(did))
          expect(heard).toEqual(heard.toSorted())
        }
      },
      { interval: 200 },
    )
  },
)
