/** Messages to all accounts of a host, on their way into the queue: how far each has got. */
export interface Mailing {
  id: string
  /** The mail without its recipient, encrypted. */
  sealed: Uint8Array
  /** DID of the account that was last mailed. */
  cursor: string
}

type Row = { id: string; sealed: ArrayBuffer; cursor: string; queued: number; created_at: number }

export class Mailings {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** One that is there already stays as it is. */
  add(id: string, sealed: Uint8Array): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO mailing (id, sealed, cursor, queued, created_at) VALUES (?, ?, '', 0, ?)`,
      id,
      sealed,
      Date.now(),
    )
  }

  /** The oldest one. */
  next(): Mailing | undefined {
    const [row] = this.#sql
      .exec<Row>('SELECT * FROM mailing ORDER BY created_at, id LIMIT 1')
      .toArray()
    return row && { id: row.id, sealed: new Uint8Array(row.sealed), cursor: row.cursor }
  }

  sealed(): { id: string; sealed: Uint8Array }[] {
    return this.#sql
      .exec<Row>('SELECT * FROM mailing ORDER BY id')
      .toArray()
      .map(({ id, sealed }) => ({ id, sealed: new Uint8Array(sealed) }))
  }

  /** The same message, encrypted anew. */
  rewrap(id: string, before: Uint8Array, sealed: Uint8Array): void {
    this.#sql.exec('UPDATE mailing SET sealed = ? WHERE id = ? AND sealed = ?', sealed, id, before)
  }

  /** All of them: how many mails were queued, and when it began, in ms since the epoch. */
  list(): { id: string; queued: number; createdAt: number }[] {
    return this.#sql
      .exec<Row>('SELECT * FROM mailing ORDER BY created_at, id')
      .toArray()
      .map(({ id, queued, created_at }) => ({ id, queued, createdAt: created_at }))
  }

  /** So many more were queued. @param cursor undefined: those were the last */
  advance(id: string, queued: number, cursor: string | undefined): void {
    if (cursor === undefined) {
      this.#sql.exec('DELETE FROM mailing WHERE id = ?', id)
      return
    }
    this.#sql.exec(
      'UPDATE mailing SET cursor = ?, queued = queued + ? WHERE id = ?',
      cursor,
      queued,
      id,
    )
  }
}
