/** OAuth sessions of clients: one row each, however many access and refresh tokens it has had. */
import { StorageError } from '../error.ts'

/** A session, without its tokens. Times in ms since 1970. */
export interface NewToken {
  did: string
  clientId: string
  /** How the client authenticated, as JSON. */
  clientAuth: string
  deviceId: string | null
  /** Parameters of the authorization request, as JSON. */
  parameters: string
  /** Granted scopes, space-separated, permission sets expanded. */
  scope: string
  /** Hash of the authorization code that it was exchanged for. */
  codeHash: string | null
  createdAt: number
  updatedAt: number
  /** When the current access token expires. */
  expiresAt: number
  /** When the session expires with all its tokens; the row is deleted then. */
  endsAt: number
}

/** A session with its current tokens. */
export interface Token extends NewToken {
  /** The access token's `jti`. */
  id: string
  refreshHash: string | null
}

/** What changes when a session is refreshed. */
export type Rotation = Pick<
  NewToken,
  'clientAuth' | 'scope' | 'updatedAt' | 'expiresAt' | 'endsAt'
> & {
  id: string
  refreshHash: string
}

type Row = {
  family: number
  id: string
  did: string
  client_id: string
  client_auth: string
  device_id: string | null
  parameters: string
  scope: string
  code_hash: string | null
  refresh_hash: string | null
  created_at: number
  updated_at: number
  expires_at: number
  ends_at: number
}

/** Sessions of an account; beyond that the one ends that was used longest ago. */
const MAX_SESSIONS = 200
/** Earlier refresh tokens of a session that are remembered: use of one of them ends the session. */
const MAX_USED = 200
/** That is looked at once in so many refreshes. */
const COUNT_EVERY = 16

export class Tokens {
  readonly #sql: SqlStorage
  #rotated = 0
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(id: string, token: NewToken, refreshHash: string | null): void {
    this.#endOldest(token.did)
    this.#sql.exec(
      `INSERT INTO token (id, did, client_id, client_auth, device_id, parameters, scope, code_hash,
         refresh_hash, created_at, updated_at, expires_at, ends_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      token.did,
      token.clientId,
      token.clientAuth,
      token.deviceId,
      token.parameters,
      token.scope,
      token.codeHash,
      refreshHash,
      token.createdAt,
      token.updatedAt,
      token.expiresAt,
      token.endsAt,
    )
  }

  read(id: string): Token | undefined {
    return this.#find('id = ?', id)
  }

  byCode(codeHash: string): Token | undefined {
    return this.#find('code_hash = ?', codeHash)
  }

  /** By its current refresh token, or an earlier one. */
  byRefresh(hash: string): Token | undefined {
    return (
      this.#find('refresh_hash = ?', hash) ??
      this.#find('family = (SELECT family FROM used_refresh WHERE hash = ?)', hash)
    )
  }

  ofAccount(did: string): Token[] {
    return this.#sql.exec<Row>('SELECT * FROM token WHERE did = ?', did).toArray().map(toToken)
  }

  /**
   * Replaces the current tokens. Of two concurrent refreshes the second fails: the token that it was to
   * replace is no longer there.
   *
   * @throws StorageError `InvalidGrant`
   */
  rotate(id: string, next: Rotation): void {
    const [row] = this.#sql
      .exec<Row>('SELECT * FROM token WHERE id = ? AND refresh_hash IS NOT NULL', id)
      .toArray()
    if (!row) throw new StorageError('InvalidGrant', 'Refresh token already used')
    this.#sql.exec(
      'INSERT INTO used_refresh (hash, family, used_at) VALUES (?, ?, ?)',
      row.refresh_hash,
      row.family,
      Date.now(),
    )
    this.#forgetOldest(row.family)
    this.#sql.exec(
      `UPDATE token SET id = ?, refresh_hash = ?, client_auth = ?, scope = ?, updated_at = ?,
         expires_at = ?, ends_at = ? WHERE family = ?`,
      next.id,
      next.refreshHash,
      next.clientAuth,
      next.scope,
      next.updatedAt,
      next.expiresAt,
      next.endsAt,
      row.family,
    )
  }

  delete(id: string): void {
    this.#delete('id = ?', id)
  }

  /** Revokes all sessions of a client that acts for an account. */
  forgetClient(did: string, clientId: string): void {
    this.#delete('did = ? AND client_id = ?', did, clientId)
  }

  /** Revokes all sessions of an account. */
  forgetAccount(did: string): void {
    this.#delete('did = ?', did)
  }

  prune(now: number): void {
    this.#delete('ends_at < ?', now)
  }

  #endOldest(did: string): void {
    const excess = this.#sql
      .exec<{ id: string }>(
        'SELECT id FROM token WHERE did = ? ORDER BY updated_at DESC LIMIT -1 OFFSET ?',
        did,
        MAX_SESSIONS - 1,
      )
      .toArray()
    for (const { id } of excess) this.delete(id)
  }

  #forgetOldest(family: number): void {
    if (this.#rotated++ % COUNT_EVERY !== 0) return
    this.#sql.exec(
      `DELETE FROM used_refresh WHERE hash IN (
         SELECT hash FROM used_refresh WHERE family = ? ORDER BY used_at DESC LIMIT -1 OFFSET ?)`,
      family,
      MAX_USED,
    )
  }

  #delete(condition: string, ...values: (string | number)[]): void {
    this.#sql.exec(
      `DELETE FROM used_refresh WHERE family IN (SELECT family FROM token WHERE ${condition})`,
      ...values,
    )
    this.#sql.exec(`DELETE FROM token WHERE ${condition}`, ...values)
  }

  #find(condition: string, value: string): Token | undefined {
    const [row] = this.#sql.exec<Row>(`SELECT * FROM token WHERE ${condition}`, value).toArray()
    return row && toToken(row)
  }
}

const toToken = (row: Row): Token => ({
  id: row.id,
  did: row.did,
  clientId: row.client_id,
  clientAuth: row.client_auth,
  deviceId: row.device_id,
  parameters: row.parameters,
  scope: row.scope,
  codeHash: row.code_hash,
  refreshHash: row.refresh_hash,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  expiresAt: row.expires_at,
  endsAt: row.ends_at,
})
