import { StorageError } from '../error.ts'

/** A passkey as its owner sees it. */
export interface Passkey {
  /** Credential ID, base64url. */
  id: string
  name: string
  /** WebAuthn transports: `internal`, `hybrid`, `usb`, ... */
  transports: string[]
  /** Whether it is synced to other devices (WebAuthn backup state). */
  backedUp: boolean
  /** ISO 8601. */
  createdAt: string
  /** ISO 8601; null: never. */
  lastUsedAt: string | null
}

/** What is needed to verify an assertion. */
export interface PasskeyCredential {
  id: string
  /** COSE. */
  publicKey: Uint8Array<ArrayBuffer>
  /** Signature counter; 0 where the authenticator has none. */
  counter: number
}

export interface NewPasskey extends PasskeyCredential {
  name: string
  transports: readonly string[]
  backedUp: boolean
}

type Row = {
  id: string
  name: string
  public_key: ArrayBuffer
  counter: number
  transports: string
  backed_up: number
  created_at: string
  last_used_at: string | null
}

/** Maximum number of passkeys of an account. */
export const MAX_PASSKEYS = 20

/** The passkeys of one account (Web Authentication, Credential Record). */
export class Passkeys {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** In the order they were registered. */
  list(): Passkey[] {
    return this.#sql
      .exec<Row>('SELECT * FROM passkey ORDER BY created_at, id')
      .toArray()
      .map(toPasskey)
  }

  find(id: string): PasskeyCredential | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM passkey WHERE id = ?', id).toArray()[0]
    return row && { id, publicKey: new Uint8Array(row.public_key), counter: row.counter }
  }

  /** @throws StorageError `InvalidRequest` when the maximum is reached, or it is registered already */
  add({ id, name, publicKey, counter, transports, backedUp }: NewPasskey): void {
    const { n } = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM passkey').one()
    if (n >= MAX_PASSKEYS) {
      throw new StorageError('InvalidRequest', `An account has ${MAX_PASSKEYS} passkeys at most`)
    }
    if (this.find(id))
      throw new StorageError('InvalidRequest', 'This passkey is registered already')
    this.#sql.exec(
      `INSERT INTO passkey (id, name, public_key, counter, transports, backed_up, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      name,
      publicKey,
      counter,
      transports.join(' '),
      backedUp ? 1 : 0,
      new Date().toISOString(),
    )
  }

  /**
   * Records a use. A signature counter that does not rise means that the passkey was cloned (Web Authentication,
   * Signature Counter Considerations); one that stays 0 means that the authenticator has none.
   *
   * @returns false when the passkey was removed, or its counter is not greater than the stored one
   */
  use(id: string, counter: number, backedUp: boolean): boolean {
    const { rowsWritten } = this.#sql.exec(
      `UPDATE passkey SET counter = ?, backed_up = ?, last_used_at = ?
       WHERE id = ? AND (counter < ? OR (counter = 0 AND ? = 0))`,
      counter,
      backedUp ? 1 : 0,
      new Date().toISOString(),
      id,
      counter,
      counter,
    )
    return rowsWritten > 0
  }

  rename(id: string, name: string): void {
    this.#sql.exec('UPDATE passkey SET name = ? WHERE id = ?', name, id)
  }

  remove(id: string): void {
    this.#sql.exec('DELETE FROM passkey WHERE id = ?', id)
  }

  removeAll(): void {
    this.#sql.exec('DELETE FROM passkey')
  }
}

const toPasskey = (row: Row): Passkey => ({
  id: row.id,
  name: row.name,
  transports: row.transports.split(' ').filter((transport) => transport !== ''),
  backedUp: row.backed_up === 1,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
})
