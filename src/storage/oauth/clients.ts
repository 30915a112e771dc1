/** An OAuth client and the scopes that an account has granted it. */
export interface AuthorizedClient {
  clientId: string
  scopes: string[]
}

/** Clients of an account whose scopes are remembered. */
const MAX_CLIENTS = 200

/** Scopes that accounts have granted to clients, so that they are not asked for consent again. */
export class AuthorizedClients {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** More than so many are not remembered: the owner is asked again. */
  set(did: string, clientId: string, scopes: readonly string[]): void {
    const { count } = this.#sql
      .exec<{ count: number }>('SELECT count(*) AS count FROM authorized_client WHERE did = ?', did)
      .one()
    if (count >= MAX_CLIENTS) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO authorized_client (did, client_id, scopes) VALUES (?, ?, ?)',
      did,
      clientId,
      scopes.join(' '),
    )
  }

  of(did: string): AuthorizedClient[] {
    return this.#sql
      .exec<{ client_id: string; scopes: string }>(
        'SELECT client_id, scopes FROM authorized_client WHERE did = ?',
        did,
      )
      .toArray()
      .map(({ client_id, scopes }) => ({ clientId: client_id, scopes: scopes.split(' ') }))
  }

  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM authorized_client WHERE did = ?', did)
  }
}
