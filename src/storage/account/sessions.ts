import { StorageError } from '../error.ts'

/** What a refresh token stands for. */
export interface Session {
  id: string
  /** Scope of the access tokens it yields. */
  scope: string
  /** Name of the app password that opened it, if one did. */
  appPassword: string | null
}

type Row = {
  id: string
  scope: string
  app_password: string | null
  expires_at: number
  next_id: string | null
}

/** How long a refresh token lasts, in ms. */
export const REFRESH_LIFETIME = 90 * 24 * 60 * 60 * 1000

/**
 * How long a refresh token works once more after it was used, in ms: the answer to its first use may
 * have been lost on the way. It then yields the same successor again.
 */
const GRACE = 2 * 60 * 60 * 1000

/** The sessions of one account, one row for each refresh token that still works. */
export class Sessions {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  open(scope: string, appPassword: string | null): Session {
    const id = crypto.randomUUID()
    this.#deleteExpired()
    this.#insert(id, scope, appPassword)
    return { id, scope, appPassword }
  }

  /**
   * Trades a refresh token for its successor.
   *
   * @throws StorageError `ExpiredToken` when it was revoked, or used too long ago
   */
  rotate(id: string): Session {
    const row = this.#find(id)
    if (!row) throw new StorageError('ExpiredToken', 'Token has been revoked')
    const next = row.next_id ?? crypto.randomUUID()
    if (!row.next_id) {
      this.#sql.exec(
        'UPDATE session SET next_id = ?, expires_at = ? WHERE id = ?',
        next,
        Math.min(row.expires_at, Date.now() + GRACE),
        id,
      )
      this.#insert(next, row.scope, row.app_password)
    } else if (!this.#find(next)) {
      // The successor was signed out; its predecessor must not bring it back.
      throw new StorageError('ExpiredToken', 'Token has been revoked')
    }
    return { id: next, scope: row.scope, appPassword: row.app_password }
  }

  /** Signs out: the token, its predecessors in grace and its successors stop working. */
  close(id: string): void {
    let next: string | null = id
    while (next) {
      const row = this.#find(next)
      this.#sql.exec('DELETE FROM session WHERE id = ? OR next_id = ?', next, next)
      next = row?.next_id ?? null
    }
  }

  #find(id: string): Row | undefined {
    return this.#sql
      .exec<Row>('SELECT * FROM session WHERE id = ? AND expires_at > ?', id, Date.now())
      .toArray()[0]
  }

  #insert(id: string, scope: string, appPassword: string | null): void {
    this.#sql.exec(
      'INSERT INTO session (id, scope, app_password, expires_at) VALUES (?, ?, ?, ?)',
      id,
      scope,
      appPassword,
      Date.now() + REFRESH_LIFETIME,
    )
  }

  #deleteExpired(): void {
    this.#sql.exec('DELETE FROM session WHERE expires_at <= ?', Date.now())
  }
}
