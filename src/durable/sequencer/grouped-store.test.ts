/** Events are sent before they are stored, and stored together; whatever happens, none is lost, and no number is given twice. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { accountEvent, type OutboxEvent, syncEvent } from '../../storage/account/events.ts'
import { EventLog, type SequencedEvent } from '../../storage/sequencer/log.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { Sources } from '../../storage/sequencer/sources.ts'
import { storedEvents } from '../../testing/stored-events.ts'
import { GroupedStore } from './grouped-store.ts'

const START = Date.parse('2100-01-01T00:00:00Z')
const [A, B] = ['did:web:a.test', 'did:web:b.test']
const state: SourceState = { head: null, rev: '3l2s5poxi422p', status: 'active' }
let made = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  vi.setSystemTime(START)
})
afterEach(() => {
  vi.useRealTimers()
})

const commit = (did: string, id: number, size = 100): OutboxEvent => ({
  id,
  ...syncEvent(did, '3l2s5poxi422p', crypto.getRandomValues(new Uint8Array(size))),
  kind: '#commit',
})

/** A log as a new life of the object has it, with what it has stored and what it counts. */
class Life {
  readonly log: EventLog
  readonly sql: SqlStorage
  readonly #store: GroupedStore
  stored = 0

  constructor(storage: DurableObjectStorage) {
    this.sql = storage.sql
    this.log = new EventLog(storage, new Sources(storage.sql), 1)
    const whenStored = async () => {
      this.stored++
    }
    this.#store = new GroupedStore(this.log, whenStored, () => false)
  }

  take(did: string, events: readonly OutboxEvent[], isUrgent = false) {
    return this.#store.take({ did, events, state, isUrgent })
  }

  get numbers(): number[] {
    return storedEvents(this.sql).map(({ event }) => event.seq)
  }

  get rows(): number {
    return this.sql.exec<{ n: number }>('SELECT count(*) AS n FROM event').one().n
  }
}

const withStorage = (work: (storage: DurableObjectStorage) => Promise<void>) =>
  runInDurableObject(env.SEQUENCER.get(env.SEQUENCER.idFromName(`grouped ${made++}`)), (_, ctx) =>
    work(ctx.storage),
  )

/** Both accounts have had an event, long ago. */
function begin(storage: DurableObjectStorage): Life {
  const life = new Life(storage)
  for (const did of [A, B]) life.take(did, [commit(did, 1)])
  vi.advanceTimersByTime(1000)
  return life
}

test('an event that comes alone is stored at once', () =>
  withStorage(async (storage) => {
    const life = begin(storage)
    for (const id of [2, 3]) {
      expect(life.take(A, [commit(A, id)]).stored).toBeUndefined()
      expect(life.numbers.at(-1)).toBe(1 + id)
      vi.advanceTimersByTime(51)
    }
  }))

test('events that come one shortly after the other have their numbers at once, and are stored together in one row', () =>
  withStorage(async (storage) => {
    const life = begin(storage)
    life.take(A, [commit(A, 2)])
    const rows = life.rows
    const taken = [2, 3, 4, 5, 6].flatMap((id) => [
      life.take(B, [commit(B, id)]),
      life.take(A, [commit(A, id + 1)]),
    ])
    expect(taken.flatMap(({ sent }) => sent.map(({ seq }) => seq))).toEqual(
      Array.from({ length: 10 }, (_, index) => 4 + index),
    )
    expect(life.numbers).toEqual([1, 2, 3])
    expect([life.log.head, life.log.numbered]).toEqual([3, 13])
    vi.advanceTimersByTime(50)
    await Promise.all(taken.map(({ stored }) => stored))
    expect(life.numbers.at(-1)).toBe(13)
    // Those before them at the end of the log are packed with them.
    expect(life.rows).toBeLessThanOrEqual(rows)
    expect(life.stored).toBe(1)
    expect(new Sources(storage.sql).lastEvent(A)).toBe(7)
  }))

test('what is no commit is stored at once, with all that waits before it', () =>
  withStorage(async (storage) => {
    const life = begin(storage)
    life.take(A, [commit(A, 2)])
    const waiting = life.take(B, [commit(B, 2)])
    expect(life.numbers).toHaveLength(3)
    expect(life.take(A, [{ id: 3, ...accountEvent(A, false) }]).stored).toBeUndefined()
    await waiting.stored
    expect(life.numbers).toEqual([1, 2, 3, 4, 5])
  }))

test.each([
  ['64 events', 100, 64],
  ['256 KiB', 30_000, 9],
])('no more wait than %s', (_, size, count) =>
  withStorage(async (storage) => {
    const life = begin(storage)
    life.take(A, [commit(A, 2)])
    const taken = Array.from({ length: count }, (_, index) =>
      life.take(A, [commit(A, 3 + index, size)]),
    )
    await Promise.all(taken.map(({ stored }) => stored))
    expect(life.numbers).toHaveLength(3 + count)
  }),
)

test('a delivery that comes again while it waits is numbered once, and answered when it is stored', () =>
  withStorage(async (storage) => {
    const life = begin(storage)
    life.take(A, [commit(A, 2)])
    life.take(A, [commit(A, 3)])
    const again = life.take(A, [commit(A, 3)])
    expect(again.sent).toEqual([])
    expect(again.stored).toBeDefined()
    expect(life.numbers).toHaveLength(3)
    await life.take(A, [commit(A, 3)], true).stored
    expect(life.numbers).toEqual([1, 2, 3, 4])
    expect(life.take(A, [commit(A, 3)]).stored).toBeUndefined()
  }))

test('what cannot be stored is not acknowledged, and gets higher numbers when it comes again', () =>
  withStorage(async (storage) => {
    const life = begin(storage)
    life.take(A, [commit(A, 2)])
    const waiting = life.take(A, [commit(A, 3)])
    const error = new Error('the disk is full')
    const failing = vi.spyOn(storage, 'transactionSync').mockImplementation(() => {
      throw error
    })
    vi.advanceTimersByTime(50)
    await expect(waiting.stored).rejects.toThrow(error)
    failing.mockRestore()
    // What followed it is refused until it has come again.
    expect(() => life.log.assertFollows(A, 3)).toThrow('are missing')
    vi.advanceTimersByTime(51)
    expect(life.take(A, [commit(A, 3)]).sent.map(({ seq }) => seq)).toEqual([5])
    expect(life.numbers).toEqual([1, 2, 3, 5])
    expect(() => life.log.assertFollows(A, 3)).not.toThrow()
  }))

test('the next life of the object gives none of the numbers that were sent, and takes them for no future ones', () =>
  withStorage(async (storage) => {
    const first = begin(storage)
    first.take(A, [commit(A, 2)])
    const { sent } = first.take(A, [commit(A, 3)])
    const next = new Life(storage)
    expect(next.log.head).toBe(3)
    expect(next.log.numbered).toBeGreaterThanOrEqual(sent[0]?.seq ?? 0)
    const [again] = next.take(A, [commit(A, 3)]).sent
    expect(again?.seq).toBeGreaterThan(next.log.raisedTo - 1)
    expect(again?.seq).toBeGreaterThan(sent[0]?.seq ?? 0)
  }))

const steps = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        account: fc.nat(3),
        count: fc.integer({ min: 1, max: 4 }),
        isUrgent: fc.boolean(),
        ms: fc.constantFrom(0, 1, 5, 20, 60),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom('crash' as const, 'fail' as const, 'read' as const),
    },
  ),
  { minLength: 20, maxLength: 120 },
)

test('whatever happens, what is acknowledged is stored, once and in order, and numbers only grow', () =>
  fc.assert(
    fc.asyncProperty(steps, (all) =>
      withStorage(async (storage) => {
        let life = new Life(storage)
        const sent: SequencedEvent[] = []
        const dids = [0, 1, 2, 3].map((account) => `did:web:n${account}.test`)
        /** Of each account, how many events there are, and up to which they were acknowledged. */
        const made = dids.map(() => 0)
        const acknowledged = dids.map(() => 0)
        const answers: Promise<void>[] = []
        const deliver = (account: number, isUrgent: boolean) => {
          const did = dids[account] ?? ''
          const upTo = made[account] ?? 0
          const from = (acknowledged[account] ?? 0) + 1
          const events = Array.from({ length: upTo - from + 1 }, (_, n) => commit(did, from + n))
          const { sent: now, stored = Promise.resolve() } = life.take(did, events, isUrgent)
          sent.push(...now)
          answers.push(
            stored.then(
              () => {
                acknowledged[account] = Math.max(acknowledged[account] ?? 0, upTo)
              },
              () => undefined,
            ),
          )
        }
        for (const step of all) {
          if (step === 'crash') {
            vi.clearAllTimers()
            life = new Life(storage)
          } else if (step === 'read') life.log.settle()
          else if (step === 'fail') {
            const failing = vi.spyOn(storage, 'transactionSync').mockImplementation(() => {
              throw new Error('the disk is full')
            })
            life.log.settle()
            failing.mockRestore()
          } else {
            made[step.account] = (made[step.account] ?? 0) + step.count
            deliver(step.account, step.isUrgent)
            vi.advanceTimersByTime(step.ms)
          }
        }
        for (const account of dids.keys()) if (made[account]) deliver(account, true)
        vi.advanceTimersByTime(100)
        life.log.settle()
        const numbers = sent.map(({ seq }) => seq)
        expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other))
        const stored = storedEvents(storage.sql)
        const byNumber = new Map(sent.map((event) => [event.seq, event]))
        for (const { event } of stored) {
          expect(event.frame).toEqual(new Uint8Array(byNumber.get(event.seq)?.frame ?? []))
        }
        for (const [account, did] of dids.entries()) {
          const own = stored.filter((one) => one.did === did)
          expect(own).toHaveLength(made[account] ?? 0)
          expect(acknowledged[account]).toBeLessThanOrEqual(own.length)
        }
        expect(stored.map(({ event }) => event.seq)).toEqual(
          stored.map(({ event }) => event.seq).toSorted((one, other) => one - other),
        )
      }),
    ),
    { numRuns: process.env.CUMULUS_LONG ? 1000 : 40, seed: 20_261_128 },
  ))

test('what consumers were sent is stored when they are ended for a stop', () =>
  runInDurableObject(
    env.SEQUENCER.get(env.SEQUENCER.idFromName(`grouped ${made++}`)),
    async (sequencer, { storage }) => {
      await sequencer.append(A, [commit(A, 1)], state)
      const delivered = sequencer.append(A, [commit(A, 2)], state)
      // It has its number in this turn.
      await Promise.resolve()
      const before = storedEvents(storage.sql).length
      void sequencer.endConsumers()
      // Time stands still here: nothing else would store it.
      expect([before, storedEvents(storage.sql).length]).toEqual([1, 2])
      await delivered
    },
  ))
