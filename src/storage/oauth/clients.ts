/** An OAuth client and the scopes that an account has granted it. */
export interface AuthorizedClient {
  clientId: string
  scopes: string[]
}

/** Clients of an account whose scopes are remembered; those that are, are updated however many there are. */
const MAX_CLIENTS = 200

/** Scopes that accounts have granted to clients, so that they are not asked for consent again. */
export class AuthorizedClients {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** More than so many are not remembered: the owner is asked again. */
  set(did: string, clientId: string, scopes: readonly string[]): void {
    const granted = scopes.join(' ')
    const [known] = this.#sql
      .exec(
        'UPDATE authorized_client SET scopes = ? WHERE did = ? AND client_id = ? RETURNING did',
        granted,
        did,
        clientId,
      )
      .toArray()
    if (known) return
    this.#sql.exec(
      `INSERT INTO authorized_client (did, client_id, scopes) SELECT ?1, ?2, ?3
       WHERE (SELECT count(*) FROM authorized_client WHERE did = ?1) < ?4`,
      did,
      clientId,
      granted,
      MAX_CLIENTS,
    )
  }

  /** Whether some account has granted it something. */
  isKnown(clientId: string): boolean {
    const sql = 'SELECT 1 FROM authorized_client WHERE client_id = ? LIMIT 1'
    return this.#sql.exec(sql, clientId).toArray().length > 0
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

  forgetClient(did: string, clientId: string): void {
    this.#sql.exec('DELETE FROM authorized_client WHERE did = ? AND client_id = ?', did, clientId)
  }

  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM authorized_client WHERE did = ?', did)
  }
}
