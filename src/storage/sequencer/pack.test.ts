/** Several events in a row: what is put there comes out, whatever is removed of it. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type OutboxEvent, syncEvent } from '../account/events.ts'
import { countAfter, EventRows } from './event-rows.ts'
import { EventLog } from './log.ts'
import { DamagedLogError, entriesOf, framesOf, pack, type SourcedEvent } from './pack.ts'
import { purgeAll, Retention, schedulePurge } from './retention.ts'
import type { SourceState } from './sources.ts'
import { Sources } from './sources.ts'

let made = 0
const withStorage = (work: (storage: DurableObjectStorage) => void) =>
  runInDurableObject(env.SEQUENCER.get(env.SEQUENCER.idFromName(`pack ${made++}`)), (_, ctx) =>
    work(ctx.storage),
  )

const state: SourceState = { head: null, rev: '3l2s5poxi422p', status: 'active' }
const didOf = (account: number) => `did:web:a${account}.test`
const random = (length: number) => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}
const event = (id: number, length: number): OutboxEvent => ({
  id,
  ...syncEvent(didOf(0), '3l2s5poxi422p', random(length)),
})

const sizes = fc.oneof(
  { weight: 20, arbitrary: fc.nat(6000) },
  { weight: 1, arbitrary: fc.constantFrom(50_000, 131_072, 200_000, 262_144, 1_950_000) },
)

test('a row gives back the events that it was made of, and says what is in it', () => {
  const events = fc.array(
    fc.record({ step: fc.integer({ min: 1, max: 1e6 }), account: fc.nat(5), size: sizes }),
    {
      maxLength: 70,
    },
  )
  fc.assert(
    fc.property(events, fc.nat(1e6), fc.boolean(), (all, behind, always) => {
      let seq = 1_795_231_525_371_004
      const sourced = all.map(({ step, account, size }): SourcedEvent => {
        seq += step
        return { did: didOf(account), event: { seq, frame: random(size) } }
      })
      const last = seq + behind
      const { did, entries, frame } = pack(sourced, last, always)
      const found = entriesOf({ seq: last, did, entries, size: frame.byteLength })
      const frames = framesOf(frame.slice().buffer, found)
      expect(found).toEqual(
        sourced.map(({ did, event }) => ({ did, seq: event.seq, size: event.frame.byteLength })),
      )
      for (const [at, one] of frames.entries()) {
        expect(one.every((byte, index) => byte === sourced[at]?.event.frame[index])).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

test('a row that has other bytes than it says is not taken for events', () => {
  const [did, seq] = [didOf(1), 7]
  const { frame } = pack([{ did, event: { seq, frame: new Uint8Array(40_000) } }], seq, true)
  const entries = [{ did, seq, size: 39_999 }]
  expect(() => framesOf(frame.slice().buffer, entries)).toThrow(DamagedLogError)
})

test('a log that is written, purged, shortened and opened anew has what it should, in rows of many events', () =>
  withStorage((storage) => {
    const { sql } = storage
    const open = () => new EventLog(storage, new Sources(sql), 1, sql)
    let log = open()
    const expected: SourcedEvent[] = []
    let id = 0
    const actions = fc.sample(
      fc.record({
        account: fc.nat(6),
        count: fc.integer({ min: 1, max: 5 }),
        size: sizes,
        next: fc.nat(60),
      }),
      { seed: 20_261_127, numRuns: 500 },
    )
    for (const { account, count, size, next } of actions) {
      const did = didOf(account)
      const events = Array.from({ length: count }, () => event(++id, Math.min(size, 300_000)))
      for (const one of log.append(did, events, state)) expected.push({ did, event: one })
      if (next === 0) log = open()
      if (next === 1) {
        const before = log.head - 20
        schedulePurge(sql, did, before)
        const retention = new Retention(sql, { time: 1e9, size: 1e12 }, { overwrites: true })
        while (retention.step(Date.now())) {}
        const gone = expected.filter((one) => one.did === did && one.event.seq < before)
        for (const one of gone) expected.splice(expected.indexOf(one), 1)
      }
    }
    const rows = new EventRows(sql)
    const same = (found: readonly SourcedEvent[]) => {
      expect(found.map(({ did, event }) => [did, event.seq])).toEqual(
        expected.map(({ did, event }) => [did, event.seq]),
      )
      for (const [at, { event }] of found.entries()) {
        const frame = expected[at]?.event.frame
        expect(event.frame.every((byte, index) => byte === frame?.[index])).toBe(true)
      }
    }
    same(rows.after(0, 1e9, 1e12))
    // Page by page it is the same, and pages are no larger than they may be.
    const paged: SourcedEvent[] = []
    for (let page = rows.after(0, 7, 1); page.length > 0; ) {
      expect(page.length).toBe(1)
      const cursor = page.at(-1)?.event.seq ?? 0
      expect(log.sizeAfter(cursor - 1)).toBe(page[0]?.event.frame.byteLength)
      paged.push(...page)
      page = rows.after(cursor, 7, 1)
    }
    same(paged)
    const count = sql.exec<{ n: number }>('SELECT count(*) AS n FROM event').one().n
    expect(count).toBeLessThan(expected.length / 8)
    // Nothing was removed behind this.
    const cursor = log.cursorBefore(10)
    expect(log.countAfter(cursor)).toBe(10)
    expect(countAfter(sql, log.head)).toBe(0)
    const totals = sql
      .exec<{ total: number }>('SELECT total FROM event ORDER BY seq')
      .toArray()
      .map(({ total }) => total)
    expect(totals).toEqual(totals.toSorted((one, other) => one - other))
    // Rows go whole, and what is left begins behind them.
    const half = (totals.at(-1) ?? 0) / 2
    const retention = new Retention(sql, { time: 1e12, size: half })
    while (retention.step(Date.now())) {}
    const left = expected.filter((one) => one.event.seq > retention.prunedTo)
    expect(rows.after(0, 1e9, 1e12).map(({ event }) => event.seq)).toEqual(
      left.map(({ event }) => event.seq),
    )
    expect(left.length).toBeGreaterThan(0)
  }))

test('of a deleted account no byte stays in the rows that it shared, as far as the database shows', () =>
  withStorage((storage) => {
    const { sql } = storage
    const log = new EventLog(storage, new Sources(sql), 1, sql)
    const gone = 'did:web:gone.test'
    for (let id = 1; id <= 100; id++) {
      log.append(id % 2 ? gone : didOf(1), [event(id, 100)], state)
    }
    schedulePurge(sql, gone, log.head)
    const retention = new Retention(sql, { time: 1e9, size: 1e12 }, { overwrites: true })
    while (retention.step(Date.now())) {}
    expect(sql.exec('SELECT 1 FROM event WHERE instr(did, ?)', gone).toArray()).toEqual([])
    expect(new EventRows(sql).after(0, 1000, 1e9).map(({ did }) => did)).toEqual(
      Array(50).fill(didOf(1)),
    )
  }))

test('behind events that were removed from the end of a row, the next one is found with its size', () =>
  withStorage((storage) => {
    const { sql } = storage
    const log = new EventLog(storage, new Sources(sql), 1, sql)
    const gone = 'did:web:gone.test'
    const several = (from: number) => Array.from({ length: 8 }, (_, n) => event(from + n, 100))
    // One of each row stays, the first.
    const [stays = 0] = log.append(didOf(1), [event(1, 100)], state).map(({ seq }) => seq)
    log.append(gone, several(1), state)
    const [next] = log.append(didOf(2), several(1), state)
    schedulePurge(sql, gone, log.head)
    const retention = new Retention(sql, { time: 1e9, size: 1e12 })
    while (retention.step(Date.now())) {}
    expect(log.after(stays, 1, 0).map(({ seq }) => seq)).toEqual([next?.seq])
    expect(log.sizeAfter(stays)).toBe(next?.frame.byteLength)
    expect(log.sizeAfter(log.head)).toBeUndefined()
  }))

test('a page is found behind rows of which nothing was left', () =>
  withStorage((storage) => {
    const { sql } = storage
    const log = new EventLog(storage, new Sources(sql), 1, sql)
    const retention = new Retention(sql, { time: 1e9, size: 1e12 })
    const gone = 'did:web:gone.test'
    for (let n = 0; n < 3; n++) {
      log.append(gone, [event(1 + 8 * n, 300_000)], state)
      // What was the newest stays, to keep the count.
      purgeAll(sql, gone, log.head)
      while (retention.step(Date.now())) {}
    }
    const [last] = log.append(didOf(1), [event(1, 300_000)], state)
    expect(log.after(0, 2, 1e9).map(({ seq }) => seq)).toEqual([last?.seq])
    expect(log.sizeAfter(0)).toBe(last?.frame.byteLength)
  }))
