/** Visits to the account page, from sign-in to sign-out: a row for each browser that is signed in there. */

/** How long a visit lasts when nothing is done, in ms. */
export const IDLE = 30 * 60 * 1000
/** How long a visit lasts whatever is done, in ms. */
export const LONGEST = 12 * 60 * 60 * 1000

/** A look at a page within this time after another one costs no row, in ms. */
const PRECISION = 60 * 1000

type Row = { opened_at: number; seen_at: number }

export class Visits {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param hash of the token in the visitor's cookie */
  open(hash: string): void {
    const now = Date.now()
    this.#sql.exec(
      'DELETE FROM visit WHERE seen_at <= ? OR opened_at <= ?',
      now - IDLE,
      now - LONGEST,
    )
    this.#sql.exec('INSERT INTO visit (hash, opened_at, seen_at) VALUES (?, ?, ?)', hash, now, now)
  }

  /** Whether the visit is still on; counts as doing something. */
  see(hash: string): boolean {
    const now = Date.now()
    const row = this.#sql
      .exec<Row>('SELECT opened_at, seen_at FROM visit WHERE hash = ?', hash)
      .toArray()[0]
    if (!row || row.seen_at <= now - IDLE || row.opened_at <= now - LONGEST) return false
    if (row.seen_at < now - PRECISION) {
      this.#sql.exec('UPDATE visit SET seen_at = ? WHERE hash = ?', now, hash)
    }
    return true
  }

  close(hash: string): void {
    this.#sql.exec('DELETE FROM visit WHERE hash = ?', hash)
  }

  closeAll(): void {
    this.#sql.exec('DELETE FROM visit')
  }
}
