/** What is counted for the operator's overview, and what that costs. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { countRows } from '../sql.ts'
import { Activity } from './activity.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = 1_800_000_000_000

let made = 0

/** Runs `work` with a log in which each account has events of these ages, in ms, and some numbers are gaps. */
const withEvents = (
  ages: Readonly<Record<string, readonly number[]>>,
  work: (sql: SqlStorage) => void,
) =>
  runInDurableObject(
    env.SEQUENCER.get(env.SEQUENCER.idFromName(`activity ${made++}`)),
    (_, { storage: { sql } }) => {
      const events = Object.entries(ages)
        .flatMap(([did, own]) => own.map((age) => ({ did, age })))
        .sort((one, other) => other.age - one.age)
      events.forEach(({ did, age }, index) => {
        const [seq, time] = [1000 + index, NOW - age]
        sql.exec(
          "INSERT INTO event (seq, did, number, time, frame) VALUES (?, ?, ?, ?, x'00')",
          ...[seq, did, index, time],
        )
        sql.exec(
          `INSERT OR REPLACE INTO source (did, last_event, status, active_hour) VALUES (?, ?, ?, ?)`,
          ...[did, index, did.includes('gone') ? 'deleted' : 'active', Math.floor(time / HOUR)],
        )
      })
      work(sql)
    },
  )

test('events and accounts of late', () =>
  withEvents(
    {
      'did:web:a.test': [40 * DAY, 2 * HOUR, 5 * MINUTE],
      'did:web:b.test': [3 * DAY, 2 * DAY],
      'did:web:c.test': [31 * DAY],
      'did:web:gone.test': [HOUR / 2],
    },
    (sql) => {
      expect(new Activity(sql).read(NOW)).toMatchObject({
        events: { hour: 2, day: 3 },
        active: { day: 1, month: 2 },
      })
      // A purge leaves gaps.
      sql.exec("DELETE FROM event WHERE did = 'did:web:b.test'")
      expect(new Activity(sql).read(NOW).events).toEqual({ hour: 2, day: 3 })
    },
  ))

test('nothing at all, and only old things', async () => {
  const none = { events: { hour: 0, day: 0 }, active: { day: 0, month: 0 } }
  await withEvents({}, (sql) => expect(new Activity(sql).read(NOW)).toMatchObject(none))
  await withEvents({ 'did:web:a.test': [90 * DAY] }, (sql) =>
    expect(new Activity(sql).read(NOW)).toMatchObject(none),
  )
})

test('however long the log is, some rows are read, once a minute', () =>
  withEvents(
    { 'did:web:a.test': Array.from({ length: 5000 }, (_, index) => index * MINUTE) },
    (sql) => {
      const counter = countRows(sql)
      const activity = new Activity(counter.sql)
      expect(activity.read(NOW).events).toEqual({ hour: 61, day: 1441 })
      expect(counter.take().read).toBeLessThan(60)
      activity.read(NOW + 59_000)
      expect(counter.take().read).toBe(0)
    },
  ))
