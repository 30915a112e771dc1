/**
 * Random histories of writes of which more come than may wait for hooks: what waits stays within its bound, and each account's
 * writes are told once, in their order. Seeded: they are the same each time.
 */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { HostIndex } from '../storage/index/host-index.ts'
import type { SequencedEvent } from '../storage/sequencer/log.ts'
import { randomFrom } from '../testing/random.ts'
import { readPart } from './index/catch-up.ts'

const COLLECTIONS = ['com.example.a', 'com.example.b']
const ACCOUNTS = 6
/** Twelve writes without a record. */
const MAX = 12 * 1024
const PAGE = 4

function commitFrame(did: string, seq: number, paths: readonly string[]): Uint8Array {
  const ops = paths.map((path) => ({ action: 'delete', path, cid: null }))
  const body = { repo: did, rev: String(seq), since: '1', time: '', ops }
  const parts = [encode({ op: 1, t: '#commit' }), encode(body)]
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

test.each([1, 2, 3, 4, 5])('more than may wait is told in order, and once (%i)', async (seed) => {
  const random = randomFrom(seed)
  const below = (n: number) => Math.floor(random() * n)
  const id = env.INDEX.idFromName(crypto.randomUUID())
  await runInDurableObject(env.INDEX.get(id) as never, async (_, ctx: DurableObjectState) => {
    const index = new HostIndex(ctx.storage, ctx.storage.sql, { maxWaiting: MAX })
    const { tasks } = index
    index.begin(0, [], 0)
    const wanted = { hasHook: (name: string) => COLLECTIONS.includes(name) }
    const log: SequencedEvent[] = []
    const written = new Map<string, string[]>()
    const told = new Map<string, string[]>()
    const note = (into: Map<string, string[]>, lane: string, what: string) =>
      into.set(lane, [...(into.get(lane) ?? []), what])

    const write = () => {
      // One writes most.
      const did = `did:web:${random() < 0.4 ? 0 : below(ACCOUNTS)}.test`
      const seq = log.length + 1
      const paths = Array.from({ length: 1 + below(3) }, (_, n) => {
        const collection = COLLECTIONS[below(2)] ?? ''
        note(written, `${collection} ${did}`, `${seq} ${n}`)
        return `${collection}/${n}`
      })
      log.push({ seq, frame: commitFrame(did, seq, paths) })
    }
    const readLog = async (after: number) => {
      const events = log.slice(after, after + PAGE)
      return { events, upTo: events.at(-1)?.seq ?? log.length, prunedTo: 0 }
    }
    const feed = async () => {
      const { events, upTo } = await readLog(index.position() ?? 0)
      index.take(events, upTo, wanted, 0)
    }
    const catchUp = async () => {
      const from = tasks.backlog.start()
      if (from === undefined) return false
      await readPart(index, from, {
        readLog,
        wanted,
        log: () => ({ info: () => undefined, error: (_, error) => expect.fail(String(error)) }),
        isRetired: () => false,
        added: () => undefined,
      })
      return true
    }
    const tell = (): boolean => {
      const collection = COLLECTIONS[below(2)] ?? ''
      const due = tasks.lanes.due(collection, Date.now(), 3)
      const begun = tasks.begin(collection, due, { room: 1, mayBeSuspect: true, now: 0 })
      for (const task of begun) note(told, `${collection} ${task.did}`, `${task.rev} ${task.rkey}`)
      tasks.end(
        begun.map((task) => [task, { done: true }] as const),
        0,
      )
      return begun.length > 0
    }

    let everBehind = 0
    for (let round = 0; round < 600; round++) {
      if (random() < 0.6) write()
      if (random() < 0.5) await feed()
      if (random() < 0.1) await catchUp()
      if (random() < 0.5) tell()
      // As when a transaction was rolled back, or the object began anew.
      if (random() < 0.1) index.clearCache()
      for (const collection of COLLECTIONS) {
        expect(tasks.lanes.free(collection)).toBeGreaterThanOrEqual(0)
        everBehind += tasks.backlog.count(collection)
      }
    }
    expect(everBehind).toBeGreaterThan(0)
    while ((index.position() ?? 0) < log.length) await feed()
    for (let step = 0; step < 5_000; step++) {
      tell()
      if (step % 20 === 0) await catchUp()
    }
    expect(tasks.backlog.isEmpty()).toBe(true)
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(written))
    expect(tasks.counts(COLLECTIONS).map(({ waiting, lost }) => [waiting, lost])).toEqual([
      [0, 0],
      [0, 0],
    ])
  })
})
