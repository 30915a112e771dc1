/** How much is going on, for the operator. */
import { msSince } from '../../kernel/ms-since.ts'
import { countAfter } from './event-rows.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

export interface HostActivity {
  /** Events of late, of those that are kept. */
  events: { hour: number; day: number }
  /** Accounts that are not deleted and had an event of late: a record, an identity, a status. */
  active: { day: number; month: number }
  /** Of the database, which is the log but for some rows for each account. */
  bytes: number
}

/** How long an answer counts, in ms: it reads a row for each account. */
const FRESH = 60_000

export class Activity {
  readonly #sql: SqlStorage
  #known: { at: number; activity: HostActivity } | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** As it was within the last minute. @param now ms since the epoch */
  read(now: number): HostActivity {
    if (this.#known && msSince(this.#known.at, now) < FRESH) return this.#known.activity
    const activity = {
      events: { hour: this.#eventsSince(now - HOUR), day: this.#eventsSince(now - DAY) },
      active: this.#active(now),
      bytes: this.#sql.databaseSize,
    }
    this.#known = { at: now, activity }
    return activity
  }

  /** Numbers and times grow together: reads some twenty rows, whatever the size of the log. Events of a row count with its last. */
  #eventsSince(time: number): number {
    const { first, last } = this.#sql
      .exec<{ first: number | null; last: number | null }>(
        'SELECT (SELECT min(seq) FROM event) AS first, (SELECT max(seq) FROM event) AS last',
      )
      .one()
    if (first === null || last === null) return 0
    let from = first
    let to = last + 1
    // The row with the number `from - 1` is older than `time`, that with the number `to` is not.
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      // What was purged of deleted accounts has left gaps, and counts where it is between others.
      const next = this.#next(middle)
      if (!next || next.time >= time) to = middle
      else from = next.seq + 1
    }
    return countAfter(this.#sql, from > first ? from - 1 : 0)
  }

  #next(seq: number): { seq: number; time: number } | undefined {
    return this.#sql
      .exec<{ seq: number; time: number }>(
        'SELECT seq, time FROM event WHERE seq >= ? ORDER BY seq LIMIT 1',
        seq,
      )
      .toArray()[0]
  }

  #active(now: number): HostActivity['active'] {
    return this.#sql
      .exec<{ day: number; month: number }>(
        `SELECT coalesce(sum(active_hour > ?), 0) AS day, count(*) AS month FROM source
         WHERE active_hour > ? AND status IS NOT 'deleted'`,
        Math.floor((now - DAY) / HOUR),
        Math.floor((now - 30 * DAY) / HOUR),
      )
      .one()
  }
}
