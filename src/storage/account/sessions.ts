import { StorageError } from '../error.ts'

/** A refresh token and its session. */
export interface Session {
  id: string
  /** ID of the session, the same for all its refresh tokens from sign-in to sign-out. */
  family: string
  /** Scope of its access tokens. */
  scope: string
  /** Name of the app password that opened it, if one did. */
  appPassword: string | null
  /** Whether an authenticator app or a recovery code was shown beside the password. */
  factor: boolean
}

/** A session of an app, as its owner sees it. */
export interface OpenSession {
  family: string
  /** Name of the app password that opened it; null: the main one did. */
  appPassword: string | null
  /** When it was last refreshed, or opened, in ms since 1970. */
  usedAt: number
}

type Row = {
  id: string
  family: string
  scope: string
  app_password: string | null
  factor: number
  expires_at: number
  next_id: string | null
}

/** Lifetime of a refresh token, in ms. */
export const REFRESH_LIFETIME = 90 * 24 * 60 * 60 * 1000

/**
 * Grace period of a refresh token after its first use, in ms: the response may have been lost. It yields the
 * same successor again.
 */
const GRACE = 2 * 60 * 60 * 1000

/** The sessions of one account, one row for each valid refresh token. */
export class Sessions {
  readonly #sql: SqlStorage
  /** Cache of open sessions, so that a request does not read a row. */
  readonly #open = new Map<string, { until: number }>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  open(scope: string, appPassword: string | null, factor = false): Session {
    const id = crypto.randomUUID()
    const session = { id, family: id, scope, appPassword, factor }
    this.#deleteExpired()
    this.#insert(session)
    return session
  }

  /**
   * Rotates a refresh token: returns its successor.
   *
   * @throws StorageError `ExpiredToken` when it was revoked, or used too long ago
   */
  rotate(id: string): Session {
    const row = this.#find(id)
    if (!row) throw revoked()
    const { family, scope, app_password: appPassword } = row
    const factor = row.factor === 1
    const next = { id: row.next_id ?? crypto.randomUUID(), family, scope, appPassword, factor }
    if (!row.next_id) {
      this.#sql.exec(
        'UPDATE session SET next_id = ?, expires_at = ? WHERE id = ?',
        next.id,
        Math.min(row.expires_at, Date.now() + GRACE),
        id,
      )
      this.#insert(next)
    } else if (!this.#find(next.id)) {
      // The successor was revoked; its predecessor must not restore it.
      throw revoked()
    }
    return next
  }

  /**
   * Checks that the session of an access token is open.
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

  /** Whether a session is open that a second factor was shown for. */
  hasFactor(family: string): boolean {
    return (
      this.#sql
        .exec(
          'SELECT 1 FROM session WHERE family = ? AND factor = 1 AND expires_at > ? LIMIT 1',
          family,
          Date.now(),
        )
        .toArray().length > 0
    )
  }

  /** Signs out: revokes the token, its predecessors in their grace period and its successors. */
  close(id: string): void {
    const family = this.#find(id)?.family
    if (family !== undefined) this.#delete('family = ?', family)
  }

  /** Signs out. @param family as `list` gives it */
  closeFamily(family: string): void {
    this.#delete('family = ?', family)
  }

  /** Sessions that are open, the one used last first. */
  list(): OpenSession[] {
    return this.#sql
      .exec<{ family: string; app_password: string | null; until: number }>(
        `SELECT family, app_password, max(expires_at) AS until FROM session WHERE expires_at > ?
         GROUP BY family ORDER BY until DESC`,
        Date.now(),
      )
      .toArray()
      .map(({ family, app_password: appPassword, until }) => ({
        family,
        appPassword,
        usedAt: until - REFRESH_LIFETIME,
      }))
  }

  /** Signs out everywhere. */
  closeAll(): void {
    this.#delete('1')
  }

  /** Revokes the sessions that were opened with an app password. */
  closeOpenedWith(appPassword: string): void {
    this.#delete('app_password = ?', appPassword)
  }

  /** Sessions get another scope, which their next access tokens have. */
  changeScope(from: string, to: string): void {
    this.#sql.exec('UPDATE session SET scope = ? WHERE scope = ?', to, from)
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

  #insert({ id, family, scope, appPassword, factor }: Session): void {
    this.#sql.exec(
      `INSERT INTO session (id, family, scope, app_password, factor, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      id,
      family,
      scope,
      appPassword,
      factor ? 1 : 0,
      Date.now() + REFRESH_LIFETIME,
    )
  }

  #deleteExpired(): void {
    this.#sql.exec('DELETE FROM session WHERE expires_at <= ?', Date.now())
  }
}

const revoked = () => new StorageError('ExpiredToken', 'Token has been revoked')
