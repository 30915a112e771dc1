import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LogFrontClient } from '../../services/objects/stubs.ts'
import { syncEvent } from '../../storage/account/events.ts'
import { EventLog } from '../../storage/sequencer/log.ts'
import { Sources } from '../../storage/sequencer/sources.ts'
import { standIn } from '../../testing/stand-in.ts'
import { BatchSender } from './batch-sender.ts'

const did = 'did:web:one.test'
const state = { head: null, rev: null, status: 'active' } as const
const event = (id: number) => ({ id, ...syncEvent(did, '3l2s5poxi422p', new Uint8Array(10)) })
let made = 0

/** A log, and a sender that hands it over to one who notes the numbers of what arrives. */
function withSender(
  work: (parts: {
    sql: SqlStorage
    log: EventLog
    sender: BatchSender
    taken: number[]
    /** Numbers and stores an event. */
    append(id: number): void
    /** Numbers an event. */
    defer(id: number): void
  }) => Promise<void>,
): Promise<void> {
  const stub = env.SEQUENCER.get(env.SEQUENCER.idFromName(`sender ${made++}`))
  return runInDurableObject(stub, async (_, { storage }) => {
    const log = new EventLog(storage, new Sources(storage.sql), 1)
    const taken: number[] = []
    const front = standIn<LogFrontClient>({
      position: async () => taken.at(-1) ?? 0,
      take: async (_object, _after, { events }) => {
        taken.push(...events.map(({ event }) => event.seq))
        return taken.at(-1)
      },
    })
    const sender = new BatchSender({
      log,
      place: { layout: { generation: 1, shards: 2 }, shard: 0 },
      front: () => front,
      facts: () => ({ accounts: 1, tooMuchTo: 0 }),
    })
    const append = (id: number) => sender.add(did, log.append(did, [event(id)], state), true)
    const defer = (id: number) => sender.add(did, log.defer(did, [event(id)], state), true)
    await work({ sql: storage.sql, log, sender, taken, append, defer })
  })
}

test('the next batch goes though the clock is put back', () =>
  withSender(async ({ append, sender, taken }) => {
    append(1)
    await sender.flush()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    append(2)
    await sender.flush()
    expect(taken).toEqual([1, 2])
  }))

test('what has its number goes when it is stored, and not before', () =>
  withSender(async ({ append, defer, log, sender, taken }) => {
    append(1)
    defer(2)
    defer(3)
    await sender.flush()
    expect(taken).toEqual([1])
    log.settle()
    defer(4)
    await sender.flush()
    expect(taken).toEqual([1, 2, 3])
    log.settle()
    await sender.flush()
    expect(taken).toEqual([1, 2, 3, 4])
  }))

test('what could not be stored is handed over to nobody, and what comes after it is', () =>
  withSender(async ({ append, defer, log, sender, sql, taken }) => {
    append(1)
    await sender.flush()
    defer(2)
    sql.exec("CREATE TRIGGER refuse BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END")
    log.settle()
    sender.forget()
    sql.exec('DROP TRIGGER refuse')
    const lost = log.numbered
    defer(2)
    log.settle()
    defer(3)
    await sender.flush()
    expect(taken).toEqual([1, lost + 1, lost + 2])
    append(4)
    await sender.flush()
    expect(taken).toEqual([1, lost + 1, lost + 2, lost + 3])
  }))
