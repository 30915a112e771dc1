/** An app, and what an account has allowed it to do. */
export interface AuthorizedClient {
  clientId: string
  scopes: string[]
}

/** What accounts have allowed apps to do, so that they are not asked again. */
export class AuthorizedClients {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  set(did: string, clientId: string, scopes: readonly string[]): void {
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
