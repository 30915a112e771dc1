import { StorageError } from '../error.ts'
import type { ReleasedNames } from './released-names.ts'

/** A hosted account and its names. */
export interface HostedAccount {
  did: string
  handle: string
  email: string | null
}

/** Names of an account, by which it is found. */
export type NameKind = 'did' | 'handle' | 'email'

/** On what grounds somebody asks for names. */
export interface NameClaim {
  /** The operator may give out names again. */
  byOperator?: boolean
  /** Whoever asks has proven to hold the DID. */
  didProven?: boolean
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
 * Lifetime of a reservation, in ms. If the account is not created by then, the attempt must have failed half way,
 * and the names are free again.
 */
export const RESERVATION = 60 * 1000

/** After how long a reservation that nobody asked about is removed, in ms. */
const ABANDONED = 60 * 60 * 1000

/** The accounts of this host by DID, handle and e-mail address. Names are lower case. */
export class Accounts {
  readonly #sql: SqlStorage
  readonly #released: ReleasedNames
  constructor(sql: SqlStorage, released: ReleasedNames) {
    this.#sql = sql
    this.#released = released
  }

  /**
   * Reserves the names of an account that is about to be created. It is found only after `confirm`.
   *
   * @param inviteCode the code it is created with; one use of it is reserved too
   * @throws StorageError `HandleNotAvailable`, `InvalidRequest`
   */
  reserve(account: HostedAccount, inviteCode: string | null = null, claim: NameClaim = {}): void {
    const { did, handle, email } = account
    if (this.#holderOf(handle)) throw handleTaken(handle)
    this.#assertNotKept(handle, did, claim)
    if (!claim.byOperator && !claim.didProven && this.#released.isRetired(did)) {
      throw new StorageError(
        'InvalidRequest',
        `${did} was an account of this host, and is given to nobody else`,
      )
    }
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
   * The account is created: from now on it is found.
   *
   * @returns false when the reservation has expired, and another account may have the name now
   */
  confirm({ did, handle }: Pick<HostedAccount, 'did' | 'handle'>): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE account SET ready = 1 WHERE did = ? AND handle = ?',
      did,
      handle,
    )
    if (rowsWritten > 0) this.#released.takeHandle(handle)
    return rowsWritten > 0
  }

  /** Deletes a reservation. */
  release(did: string): void {
    this.#sql.exec('DELETE FROM account WHERE did = ? AND ready = 0', did)
  }

  /**
   * @param claim.undoing the handle of a change that did not come about: the account never had it, and has another one
   *   now where a later change has
   * @throws StorageError `HandleNotAvailable`
   */
  setHandle(did: string, handle: string, claim: NameClaim & { undoing?: string } = {}): void {
    if (claim.undoing !== undefined && this.byDid(did)?.handle !== claim.undoing) return
    this.#assertHandleFree(handle, did)
    this.#assertNotKept(handle, did, claim)
    const before = this.byDid(did)?.handle
    if (before === handle) return
    if (before !== undefined && !claim.undoing) this.#released.releaseHandle(before, did)
    this.#sql.exec('UPDATE account SET handle = ? WHERE did = ?', handle, did)
    this.#released.takeHandle(handle)
  }

  /** @throws StorageError `InvalidRequest` when the address belongs to another account */
  setEmail(did: string, email: string): void {
    this.#assertEmailFree(email, did)
    this.#sql.exec(
      'UPDATE account SET email = ?, email_confirmed_at = NULL WHERE did = ?',
      email,
      did,
    )
  }

  /** When an account was created, in ms since 1970, and whether it may earn invite codes. */
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
    return !this.#holderOf(handle) && !this.#released.isKept(handle)
  }

  /** An account is gone. Its DID, if it is a did:web, and for a time its handle are given to nobody else. */
  remove(did: string): void {
    const account = this.byDid(did)
    if (account) {
      this.#released.retireDid(did)
      // The DID document was served under this name, whatever the handle was in the end.
      if (did.startsWith('did:web:'))
        this.#released.releaseHandle(did.slice('did:web:'.length), did)
      this.#released.releaseHandle(account.handle, did)
    }
    this.#sql.exec('DELETE FROM account WHERE did = ?', did)
  }

  /** An account is gone that nobody has heard of: its names are free at once. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM account WHERE did = ?', did)
  }

  /** An account by one of its names. */
  by(kind: NameKind, name: string): HostedAccount | undefined {
    if (kind === 'did') return this.byDid(name)
    return kind === 'handle' ? this.byHandle(name) : this.byEmail(name)
  }

  byDid(did: string): HostedAccount | undefined {
    return this.#find('did = ?', did)
  }

  byHandle(handle: string): HostedAccount | undefined {
    return this.#find('handle = ?', handle.toLowerCase())
  }

  byEmail(email: string): HostedAccount | undefined {
    return this.#find('email = ?', email.toLowerCase())
  }

  /** One page in order of DID; reads as many rows as it returns. */
  list(limit: number, cursor = ''): HostedAccount[] {
    return this.#sql
      .exec<Row>(
        'SELECT * FROM account WHERE ready = 1 AND did > ? ORDER BY did LIMIT ?',
        cursor,
        limit,
      )
      .toArray()
      .map(toHostedAccount)
  }

  /** DIDs in order, those included whose account is still being made. */
  everyDid(limit: number, cursor: string): string[] {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM account WHERE did > ? ORDER BY did LIMIT ?',
        cursor,
        limit,
      )
      .toArray()
      .map(({ did }) => did)
  }

  /** How many there are of these. */
  countEvery(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM account').one().n
  }

  /** Removes reservations given up long ago; a slow creation may still confirm its own. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM account WHERE ready = 0 AND created_at < ?', now - ABANDONED)
  }

  /** Gives up all reservations: whoever is signing up is told so when it is to be confirmed. */
  releaseEvery(): void {
    this.#sql.exec('DELETE FROM account WHERE ready = 0')
  }

  #find(condition: string, value: string): HostedAccount | undefined {
    const row = this.#row(condition, value)
    return row?.ready === 1 ? toHostedAccount(row) : undefined
  }

  /** A row, unless it is a reservation that has expired, which is deleted. */
  #row(condition: string, value: string): Row | undefined {
    const row = this.#sql.exec<Row>(`SELECT * FROM account WHERE ${condition}`, value).toArray()[0]
    if (row && row.ready === 0 && row.created_at < Date.now() - RESERVATION) {
      this.release(row.did)
      return undefined
    }
    return row
  }

  /**
   * The account that holds a handle. An account whose DID is the did:web of this name holds it too, whatever
   * its handle is now: the DID document is served under it.
   */
  #holderOf(handle: string): string | undefined {
    return (this.#row('handle = ?', handle) ?? this.#row('did = ?', `did:web:${handle}`))?.did
  }

  #assertHandleFree(handle: string, did: string): void {
    const holder = this.#holderOf(handle)
    if (holder !== undefined && holder !== did) throw handleTaken(handle)
  }

  #assertNotKept(handle: string, did: string, { byOperator }: NameClaim): void {
    if (!byOperator && this.#released.isKept(handle, did)) throw handleTaken(handle)
  }

  #assertEmailFree(email: string, did: string): void {
    const holder = this.#row('email = ?', email)
    if (holder && holder.did !== did) {
      throw new StorageError('InvalidRequest', `Email already taken: ${email}`)
    }
  }
}

const toHostedAccount = ({ did, handle, email }: Row): HostedAccount => ({ did, handle, email })

const handleTaken = (handle: string) =>
  new StorageError('HandleNotAvailable', `Handle already taken: ${handle}`)
