/** Counts what is spent within windows of time, in a table that a Durable Object keeps. */

/** So much of something may be spent in a window. */
export interface Allowance {
  /** Points. */
  limit: number
  /** ms */
  window: number
}

/** One thing that is to be counted. */
export interface Spending extends Allowance {
  /** What is counted, and for whom. */
  key: string
  points: number
}

/** What is left of an allowance. */
export interface Budget extends Allowance {
  /** Points left; 0 when everything, or too much, was spent. */
  remaining: number
  /** When the window ends, in ms since the epoch. */
  resetAt: number
  /** More was asked for than there was. */
  exceeded: boolean
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
const TIDY = 20

/** Exact, since all who spend go through the one object. A row or two written for each thing counted. */
export class RateCounter {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Counts all of them and reports on the one of which least is left. */
  spend(spendings: readonly Spending[]): Budget | undefined {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM rate WHERE key IN (SELECT key FROM rate WHERE ends_at <= ? LIMIT ?)',
      now,
      TIDY,
    )
    return tightest(spendings.map((spending) => this.#spendOne(spending, now)))
  }

  #spendOne({ key, points, limit, window }: Spending, now: number): Budget {
    const row = this.#sql
      .exec<Row>('SELECT ends_at, points FROM rate WHERE key = ? AND ends_at > ?', key, now)
      .toArray()[0]
    const spent = { until: row?.ends_at ?? now + window, points: (row?.points ?? 0) + points }
    this.#sql.exec(
      'INSERT OR REPLACE INTO rate (key, ends_at, points) VALUES (?, ?, ?)',
      key,
      spent.until,
      spent.points,
    )
    return budgetOf({ limit, window }, spent)
  }
}

/** What is left after `points` were spent in the window that ends at `until`. */
export function budgetOf(
  { limit, window }: Allowance,
  { points, until }: { points: number; until: number },
): Budget {
  const remaining = Math.max(0, limit - points)
  return { limit, window, remaining, resetAt: until, exceeded: points > limit }
}

/** The budget that decides: one that is exceeded, or else the one of which least is left. */
export function tightest(budgets: readonly (Budget | undefined)[]): Budget | undefined {
  let found: Budget | undefined
  for (const budget of budgets) {
    if (!budget) continue
    const isTighter =
      !found ||
      (budget.exceeded && !found.exceeded) ||
      (budget.exceeded === found.exceeded && budget.remaining < found.remaining)
    if (isTighter) found = budget
  }
  return found
}
