import { StorageError } from '../error.ts'

/** Who lives on this host, and under which names. */
export interface Resident {
  did: string
  handle: string
  email: string | null
}

type Row = {
  did: string
  handle: string
  email: string | null
  ready: number
  created_at: number
  invites_disabled: number
}

/**
 * A name that was reserved is held this long, in ms, for its account to be made; then somebody else
 * may have it, since the attempt must have failed half way.
 */
export const RESERVATION = 60 * 1000

/** The accounts of this host by DID, handle and e-mail address. Names are lower case. */
export class Accounts {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Holds the names of an account that is about to be made. It is found only after `confirm`.
   *
   * @param inviteCode what it is made with; one use of it is held too
   * @throws StorageError `HandleNotAvailable`, `InvalidRequest`
   */
  reserve(resident: Resident, inviteCode: string | null = null): void {
    const { did, handle, email } = resident
    if (!this.isHandleFree(handle)) throw handleTaken(handle)
    if (this.#row('did = ?', did)) {
      throw new StorageError('InvalidRequest', `Account already exists: ${did}`)
    }
    if (email !== null) this.#assertEmailFree(email, did)
    this.#sql.exec(
      'INSERT INTO account (did, handle, email, invite_code, created_at) VALUES (?, ?, ?, ?, ?)',
      did,
      handle,
      email,
      inviteCode,
      Date.now(),
    )
  }

  /**
   * The account is made: from now on it is found.
   *
   * @returns false when the reservation has lapsed, and perhaps somebody else has the name now
   */
  confirm({ did, handle }: Pick<Resident, 'did' | 'handle'>): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE account SET ready = 1 WHERE did = ? AND handle = ?',
      did,
      handle,
    )
    return rowsWritten > 0
  }

  /** Gives up a reservation. */
  release(did: string): void {
    this.#sql.exec('DELETE FROM account WHERE did = ? AND ready = 0', did)
  }

  /** Gives an account another handle. @throws StorageError `HandleNotAvailable` */
  setHandle(did: string, handle: string): void {
    this.#assertHandleFree(handle, did)
    this.#sql.exec('UPDATE account SET handle = ? WHERE did = ?', handle, did)
  }

  /** @throws StorageError `InvalidRequest` when the address belongs to another account */
  setEmail(did: string, email: string): void {
    this.#assertEmailFree(email, did)
    this.#sql.exec('UPDATE account SET email = ? WHERE did = ?', email, did)
  }

  /** Since when an account is here, in ms since 1970, and whether it may earn invite codes. */
  standing(did: string): { since: number; invitesDisabled: boolean } | undefined {
    const row = this.#row('did = ?', did)
    return row && { since: row.created_at, invitesDisabled: row.invites_disabled === 1 }
  }

  /** @throws StorageError `AccountNotFound` */
  setInvitesDisabled(did: string, disabled: boolean): void {
    if (!this.byDid(did)) throw new StorageError('AccountNotFound', `Account not found: ${did}`)
    this.#sql.exec('UPDATE account SET invites_disabled = ? WHERE did = ?', disabled ? 1 : 0, did)
  }

  /** Whether an account may have this handle. */
  isHandleFree(handle: string): boolean {
    return !this.#holderOf(handle)
  }

  remove(did: string): void {
    this.#sql.exec('DELETE FROM account WHERE did = ?', did)
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
    const row = this.#row(condition, value)
    return row?.ready === 1 ? toResident(row) : undefined
  }

  /** A row, unless it is a reservation that has lapsed, which is removed. */
  #row(condition: string, value: string): Row | undefined {
    const row = this.#sql.exec<Row>(`SELECT * FROM account WHERE ${condition}`, value).toArray()[0]
    if (row && row.ready === 0 && row.created_at < Date.now() - RESERVATION) {
      this.release(row.did)
      return undefined
    }
    return row
  }

  /**
   * Whose a handle is. While there is an account whose DID is a did:web of this name, the name stays its
   * own, whatever its handle is now: the DID document is served under it.
   */
  #holderOf(handle: string): string | undefined {
    return (this.#row('handle = ?', handle) ?? this.#row('did = ?', `did:web:${handle}`))?.did
  }

  #assertHandleFree(handle: string, did: string): void {
    const holder = this.#holderOf(handle)
    if (holder !== undefined && holder !== did) throw handleTaken(handle)
  }

  #assertEmailFree(email: string, did: string): void {
    const holder = this.#row('email = ?', email)
    if (holder && holder.did !== did) {
      throw new StorageError('InvalidRequest', `Email already taken: ${email}`)
    }
  }
}

const toResident = ({ did, handle, email }: Row): Resident => ({ did, handle, email })

const handleTaken = (handle: string) =>
  new StorageError('HandleNotAvailable', `Handle already taken: ${handle}`)
