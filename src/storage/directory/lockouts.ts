/** Failed attempts before a client is locked out. */
const FREE = 20
/** How long it is locked out for the first time, in ms; each further attempt doubles it, up to the longest. */
const FIRST = 60 * 1000
const LONGEST = 24 * 60 * 60 * 1000
/** After so much time without an attempt all is forgotten, in ms. */
const FORGET = 2 * LONGEST
/** Rows that are over are removed so many at a time. */
const REMOVED_AT_ONCE = 10

type Row = { failures: number; locked_until: number }

/** Who has tried a secret in vain, and may not go on for a time that grows. */
export class Lockouts {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Counts an attempt, in the order in which they come: so many at once are not more than one after the other. One
   * that succeeds ends the count, but not a lock-out.
   *
   * @param key whom and what is counted
   * @returns when the client may try again, in ms since the epoch; undefined: this attempt counts
   */
  attempt(key: string, succeeds: boolean): number | undefined {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM lockout WHERE key IN (SELECT key FROM lockout WHERE forget_at <= ? LIMIT ?)',
      now,
      REMOVED_AT_ONCE,
    )
    const [row] = this.#sql
      .exec<Row>('SELECT failures, locked_until FROM lockout WHERE key = ?', key)
      .toArray()
    if (row && row.locked_until > now) return row.locked_until
    if (succeeds) this.#sql.exec('DELETE FROM lockout WHERE key = ?', key)
    else this.#fail(key, (row?.failures ?? 0) + 1, now)
    return undefined
  }

  /** Removes rows that are over. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM lockout WHERE forget_at <= ?', now)
  }

  #fail(key: string, failures: number, now: number): void {
    const excess = failures - FREE
    const lock = excess < 0 ? 0 : Math.min(FIRST * 2 ** excess, LONGEST)
    this.#sql.exec(
      'INSERT OR REPLACE INTO lockout (key, failures, locked_until, forget_at) VALUES (?, ?, ?, ?)',
      key,
      failures,
      now + lock,
      now + FORGET,
    )
  }
}
