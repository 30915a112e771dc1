/** Signing keys made before their accounts, so that a DID document can name them (`reserveSigningKey`). */

export interface ReservedKey {
  /** did:key */
  signingKey: string
  /** The private key, sealed by `src/kernel/crypto/seal.ts`. */
  sealed: Uint8Array
}

/** How long a key is kept for an account to be made, in ms. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000

type Row = { signing_key: string; sealed: ArrayBuffer }

export class ReservedKeys {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The key reserved for a DID. */
  forDid(did: string): ReservedKey | undefined {
    return this.#find('did = ?', did)
  }

  byPublicKey(signingKey: string): ReservedKey | undefined {
    return this.#find('signing_key = ?', signingKey)
  }

  /** Keeps a key, unless there is one for this DID already; returns the one that counts. */
  add(key: ReservedKey, did: string | null): ReservedKey {
    const now = Date.now()
    this.#sql.exec('DELETE FROM reserved_key WHERE created_at < ?', now - LIFETIME)
    const known = did === null ? undefined : this.forDid(did)
    if (known) return known
    this.#sql.exec(
      'INSERT INTO reserved_key (signing_key, did, sealed, created_at) VALUES (?, ?, ?, ?)',
      key.signingKey,
      did,
      key.sealed,
      now,
    )
    return key
  }

  /** The key is an account's now. */
  remove(signingKey: string): void {
    this.#sql.exec('DELETE FROM reserved_key WHERE signing_key = ?', signingKey)
  }

  #find(condition: string, value: string): ReservedKey | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT * FROM reserved_key WHERE ${condition}`, value)
      .toArray()[0]
    return row && { signingKey: row.signing_key, sealed: new Uint8Array(row.sealed) }
  }
}
