/** Rate limits with fixed windows, counted in a table of a Durable Object. */
import type { RateLimitRule, RateLimitStatus } from './rate-limit.ts'

/** One thing that is to be counted. */
export interface Charge extends RateLimitRule {
  /** What is counted, and for whom. */
  key: string
  points: number
}

/** The statements that make the table; part of the migrations of those who use it. */
export const RATE_TABLE = `
  CREATE TABLE rate (
    key TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    points INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX rate_ends_at ON rate (ends_at);
`

type Row = { ends_at: number; points: number }

/** Windows that are over are removed so many at a time. */
const REMOVED_AT_ONCE = 20

/** Exact, since all requests that count go through the one object. A row or two written for each thing counted. */
export class RateCounter {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Counts all of them and returns the status of the limit of which least is left. */
  consume(charges: readonly Charge[]): RateLimitStatus | undefined {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM rate WHERE key IN (SELECT key FROM rate WHERE ends_at <= ? LIMIT ?)',
      now,
      REMOVED_AT_ONCE,
    )
    return mostRestrictive(charges.map((charge) => this.#consumeOne(charge, now)))
  }

  /** The status of a limit that these would exceed; undefined: of none. Nothing is counted. */
  exceeded(charges: readonly Charge[]): RateLimitStatus | undefined {
    const now = Date.now()
    const statuses = charges.map(({ key, points, limit, window }) => {
      const row = this.#row(key, now, window)
      const used = { until: row?.ends_at ?? now + window, points: (row?.points ?? 0) + points }
      return rateLimitStatus({ limit, window }, used)
    })
    const status = mostRestrictive(statuses)
    return status?.exceeded ? status : undefined
  }

  /** One that ends later than it could began before the clock was put back. */
  #row(key: string, now: number, window: number): Row | undefined {
    return this.#sql
      .exec<Row>(
        'SELECT ends_at, points FROM rate WHERE key = ? AND ends_at > ? AND ends_at <= ?',
        ...[key, now, now + window],
      )
      .toArray()[0]
  }

  #consumeOne({ key, points, limit, window }: Charge, now: number): RateLimitStatus {
    const row = this.#row(key, now, window)
    const before = row?.points ?? 0
    const used = { until: row?.ends_at ?? now + window, points: before + points }
    // What is refused anyway is not written: a flood of it would keep the object's thread busy with commits.
    if (before > limit) return rateLimitStatus({ limit, window }, used)
    this.#sql.exec(
      'INSERT OR REPLACE INTO rate (key, ends_at, points) VALUES (?, ?, ?)',
      key,
      used.until,
      used.points,
    )
    return rateLimitStatus({ limit, window }, used)
  }
}

/** The status after `points` were used in the window that ends at `until`. */
export function rateLimitStatus(
  { limit, window }: RateLimitRule,
  { points, until }: { points: number; until: number },
): RateLimitStatus {
  const remaining = Math.max(0, limit - points)
  return { limit, window, remaining, resetAt: until, exceeded: points > limit }
}

/** The status that decides: one that is exceeded, or else the one of which least is left. */
export function mostRestrictive(
  statuses: readonly (RateLimitStatus | undefined)[],
): RateLimitStatus | undefined {
  let found: RateLimitStatus | undefined
  for (const status of statuses) {
    if (!status) continue
    const isTighter =
      !found ||
      (status.exceeded && !found.exceeded) ||
      (status.exceeded === found.exceeded && status.remaining < found.remaining)
    if (isTighter) found = status
  }
  return found
}
