/** Signing keys created before their accounts, so that a DID document can have them (`reserveSigningKey`). */

export interface ReservedKey {
  /** did:key */
  signingKey: string
  /** The private key, encrypted by `src/kernel/crypto/encrypt.ts`. */
  sealed: Uint8Array
}

/** Lifetime of a reserved key, in ms. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000

type Row = { signing_key: string; sealed: ArrayBuffer }

export class ReservedKeys {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The key reserved for a DID, or under a public key. */
  find(by: 'did' | 'signingKey', value: string): ReservedKey | undefined {
    return this.#find(by === 'did' ? 'did = ?' : 'signing_key = ?', value)
  }

  /** Stores a key, unless there is one for this DID already; returns the one that is stored. */
  add(key: ReservedKey, did: string | null): ReservedKey {
    // A key that is given out again must not be on the point of being removed.
    this.prune(Date.now())
    const known = did === null ? undefined : this.find('did', did)
    if (known) return known
    this.#sql.exec(
      'INSERT INTO reserved_key (signing_key, did, sealed, created_at) VALUES (?, ?, ?, ?)',
      key.signingKey,
      did,
      key.sealed,
      Date.now(),
    )
    return key
  }

  /** Those in order of their public keys. */
  sealed(limit: number, after: string): { id: string; sealed: Uint8Array }[] {
    return this.#sql
      .exec<Row>(
        'SELECT signing_key, sealed FROM reserved_key WHERE signing_key > ? ORDER BY signing_key LIMIT ?',
        after,
        limit,
      )
      .toArray()
      .map(({ signing_key, sealed }) => ({ id: signing_key, sealed: new Uint8Array(sealed) }))
  }

  /** The same key, encrypted anew. */
  rewrap(signingKey: string, before: Uint8Array, sealed: Uint8Array): void {
    this.#sql.exec(
      'UPDATE reserved_key SET sealed = ? WHERE signing_key = ? AND sealed = ?',
      sealed,
      signingKey,
      before,
    )
  }

  /** To be called when an account has taken over the key. */
  remove(signingKey: string): void {
    this.#sql.exec('DELETE FROM reserved_key WHERE signing_key = ?', signingKey)
  }

  /** An account is gone. */
  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM reserved_key WHERE did = ?', did)
  }

  /** Removes keys for which no account was created in time. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM reserved_key WHERE created_at < ?', now - LIFETIME)
  }

  #find(condition: string, value: string): ReservedKey | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT * FROM reserved_key WHERE ${condition}`, value)
      .toArray()[0]
    return row && { signingKey: row.signing_key, sealed: new Uint8Array(row.sealed) }
  }
}
