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

export class Tokens {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(id: string, token: NewToken, refreshHash: string | null): void {
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
      'INSERT INTO used_refresh (hash, family) VALUES (?, ?)',
      row.refresh_hash,
      row.family,
    )
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

  /** Revokes all sessions of an account. */
  forgetAccount(did: string): void {
    this.#delete('did = ?', did)
  }

  prune(now: number): void {
    this.#delete('ends_at < ?', now)
  }

  #delete(condition: string, value: string | number): void {
    this.#sql.exec(
      `DELETE FROM used_refresh WHERE family IN (SELECT family FROM token WHERE ${condition})`,
      value,
    )
    this.#sql.exec(`DELETE FROM token WHERE ${condition}`, value)
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
