import { StorageError } from '../error.ts'

/** What a refresh token stands for. */
export interface Session {
  id: string
  /** Names the session from sign-in to sign-out, through all its refresh tokens. */
  family: string
  /** Scope of the access tokens it yields. */
  scope: string
  /** Name of the app password that opened it, if one did. */
  appPassword: string | null
}

type Row = {
  id: string
  family: string
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
  /** Sessions known to be open, so that a request does not cost a row. */
  readonly #open = new Map<string, { until: number }>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  open(scope: string, appPassword: string | null): Session {
    const id = crypto.randomUUID()
    const session = { id, family: id, scope, appPassword }
    this.#deleteExpired()
    this.#insert(session)
    return session
  }

  /**
   * Trades a refresh token for its successor.
   *
   * @throws StorageError `ExpiredToken` when it was revoked, or used too long ago
   */
  rotate(id: string): Session {
    const row = this.#find(id)
    if (!row) throw revoked()
    const { family, scope, app_password: appPassword } = row
    const next = { id: row.next_id ?? crypto.randomUUID(), family, scope, appPassword }
    if (!row.next_id) {
      this.#sql.exec(
        'UPDATE session SET next_id = ?, expires_at = ? WHERE id = ?',
        next.id,
        Math.min(row.expires_at, Date.now() + GRACE),
        id,
      )
      this.#insert(next)
    } else if (!this.#find(next.id)) {
      // The successor was signed out; its predecessor must not bring it back.
      throw revoked()
    }
    return next
  }

  /**
   * Lets an access token pass, provided that its session is still open.
   *
   * @param family the session it belongs to
   * @throws StorageError `ExpiredToken`
   */
  assertOpen(family: string): void {
    const known = this.#open.get(family)
    if (known && known.until > Date.now()) return
    const row = this.#sql
      .exec<{ until: number | null }>(
        'SELECT max(expires_at) AS until FROM session WHERE family = ?',
        family,
      )
      .one()
    if (row.until === null || row.until <= Date.now()) throw revoked()
    this.#open.set(family, { until: row.until })
  }

  /** Signs out: the token, its predecessors in grace and its successors stop working. */
  close(id: string): void {
    const family = this.#find(id)?.family
    if (family !== undefined) this.#delete('family = ?', family)
  }

  /** Signs out everywhere. */
  closeAll(): void {
    this.#delete('1')
  }

  /** Ends what was opened with an app password. */
  closeOpenedWith(appPassword: string): void {
    this.#delete('app_password = ?', appPassword)
  }

  #delete(condition: string, ...bindings: string[]): void {
    this.#sql.exec(`DELETE FROM session WHERE ${condition}`, ...bindings)
    this.#open.clear()
  }

  #find(id: string): Row | undefined {
    return this.#sql
      .exec<Row>('SELECT * FROM session WHERE id = ? AND expires_at > ?', id, Date.now())
      .toArray()[0]
  }

  #insert({ id, family, scope, appPassword }: Session): void {
    this.#sql.exec(
      'INSERT INTO session (id, family, scope, app_password, expires_at) VALUES (?, ?, ?, ?, ?)',
      id,
      family,
      scope,
      appPassword,
      Date.now() + REFRESH_LIFETIME,
    )
  }

  #deleteExpired(): void {
    this.#sql.exec('DELETE FROM session WHERE expires_at <= ?', Date.now())
  }
}

const revoked = () => new StorageError('ExpiredToken', 'Token has been revoked')
