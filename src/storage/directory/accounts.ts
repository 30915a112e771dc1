import { StorageError } from '../error.ts'

/** Who lives on this host, and under which names. */
export interface Resident {
  did: string
  handle: string
  email: string | null
}

type Row = { did: string; handle: string; email: string | null; ready: number; created_at: number }

/**
 * A name that was reserved is held this long, in ms, for its account to be made; then somebody else
 * may have it, since the attempt must have failed half way.
 */
const RESERVATION = 60 * 1000

/** The accounts of this host by DID, handle and e-mail address. Names are lower case. */
export class Accounts {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Holds the names of an account that is about to be made. It is found only after `confirm`.
   *
   * @throws StorageError `HandleNotAvailable`, `InvalidRequest`
   */
  reserve(resident: Resident): void {
    this.#sql.exec(
      'DELETE FROM account WHERE ready = 0 AND created_at < ?',
      Date.now() - RESERVATION,
    )
    const taken = this.#sql
      .exec<Row>(
        'SELECT * FROM account WHERE did = ? OR handle = ? OR email = ?',
        resident.did,
        resident.handle,
        resident.email,
      )
      .toArray()
    for (const row of taken) {
      if (row.handle === resident.handle) {
        throw new StorageError('HandleNotAvailable', `Handle already taken: ${resident.handle}`)
      }
      if (row.did === resident.did) {
        throw new StorageError('InvalidRequest', `Account already exists: ${resident.did}`)
      }
      throw new StorageError('InvalidRequest', `Email already taken: ${resident.email}`)
    }
    this.#sql.exec(
      'INSERT INTO account (did, handle, email, created_at) VALUES (?, ?, ?, ?)',
      resident.did,
      resident.handle,
      resident.email,
      Date.now(),
    )
  }

  /** The account is made: from now on it is found. */
  confirm(did: string): void {
    this.#sql.exec('UPDATE account SET ready = 1 WHERE did = ?', did)
  }

  /** Gives up a reservation. */
  release(did: string): void {
    this.#sql.exec('DELETE FROM account WHERE did = ? AND ready = 0', did)
  }

  byDid(did: string): Resident | undefined {
    return this.#find('did = ?', did)
  }

  byHandle(handle: string): Resident | undefined {
    return this.#find('handle = ?', handle.toLowerCase())
  }

  byEmail(email: string): Resident | undefined {
    return this.#find('email = ?', email.toLowerCase())
  }

  /** One page in order of DID; reads as many rows as it returns. */
  list(limit: number, cursor = ''): Resident[] {
    return this.#sql
      .exec<Row>(
        'SELECT * FROM account WHERE ready = 1 AND did > ? ORDER BY did LIMIT ?',
        cursor,
        limit,
      )
      .toArray()
      .map(toResident)
  }

  #find(condition: string, value: string): Resident | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT * FROM account WHERE ready = 1 AND ${condition}`, value)
      .toArray()[0]
    return row && toResident(row)
  }
}

const toResident = ({ did, handle, email }: Row): Resident => ({ did, handle, email })
