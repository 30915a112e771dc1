import { parseQuotaOverride, type QuotaOverride } from '../../kernel/quota.ts'
import { StorageError } from '../error.ts'

/** Status of an account, as `com.atproto.sync.getRepoStatus` names it. */
export type AccountStatus = 'active' | 'deactivated' | 'takendown'

/** Status of an account once its creation is complete. */
export type InitialStatus = Exclude<AccountStatus, 'takendown'>

/** The account of this object, without secrets. */
export interface Account {
  did: string
  handle: string
  email: string | null
  /** ISO 8601; null: the address is not confirmed. */
  emailConfirmedAt: string | null
  /** Whether a code is mailed to the address at sign-in. Only while it is confirmed. */
  emailAuthFactor: boolean
  status: AccountStatus
  /** Whether the owner has deactivated the account, also while it is taken down. */
  deactivated: boolean
  /** ISO 8601: since when; null also where it was deactivated before that was noted. */
  deactivatedAt: string | null
  /** ISO 8601; the `deleteAfter` of `deactivateAccount`. */
  deleteAfter: string | null
  /** Reference of the takedown, as the moderator gave it. */
  takedown: string | null
  /** Whether it waits for the operator's approval; it is deactivated then, and the network has not heard of it. */
  awaitsApproval: boolean
  /** ISO 8601. */
  createdAt: string
}

export interface NewAccount {
  did: string
  handle: string
  email: string | null
  /** Output of `PasswordHasher.hash`, or null for an account without a password. */
  password: string | null
  /** The signing key, encrypted by `src/kernel/crypto/encrypt.ts`. */
  signingKey: Uint8Array
  /** Its status once it is not pending any more. A pending account is not visible. */
  becomes: InitialStatus
  /** Its status once the operator has approved it; unless given, it does not wait for that. */
  approvedAs?: InitialStatus | undefined
}

/** Columns to update; undefined leaves one as it is. */
export interface AccountChange {
  handle?: string
  email?: string | null
  emailConfirmedAt?: string | null
  emailAuthFactor?: 0 | 1
  /** null: there is none. */
  password?: string | null
  signingKey?: Uint8Array
  /** The new key of a pending rotation. */
  nextSigningKey?: Uint8Array | null
  status?: InitialStatus
  deactivatedAt?: string | null
  deleteAfter?: string | null
  takedown?: string | null
  /** What the operator has set for this account, as JSON; null: the host's limits. */
  quota?: string | null
  approvedAs?: InitialStatus | null
}

type Row = {
  did: string
  handle: string
  email: string | null
  password: string | null
  signing_key: ArrayBuffer
  status: 'pending' | InitialStatus | 'deleted'
  created_at: string
  email_confirmed_at: string | null
  takedown: string | null
  delete_after: string | null
  becomes: InitialStatus | null
  next_signing_key: ArrayBuffer | null
  email_auth_factor: number
  quota: string | null
  deactivated_at: string | null
  approved_as: InitialStatus | null
}

const COLUMNS = {
  handle: 'handle',
  email: 'email',
  emailConfirmedAt: 'email_confirmed_at',
  emailAuthFactor: 'email_auth_factor',
  password: 'password',
  signingKey: 'signing_key',
  nextSigningKey: 'next_signing_key',
  status: 'status',
  deactivatedAt: 'deactivated_at',
  deleteAfter: 'delete_after',
  takedown: 'takedown',
  quota: 'quota',
  approvedAs: 'approved_as',
} as const satisfies Record<keyof AccountChange, string>

/** The one row of the account, cached. */
export class Profile {
  readonly #sql: SqlStorage
  readonly #changed: () => void
  #row: Row | undefined

  /** @param changed to be told in the turn of each change */
  constructor(sql: SqlStorage, changed: () => void = () => undefined) {
    this.#sql = sql
    this.#changed = changed
  }

  /** The DID of the account, also of one that is pending or deleted, or undefined. */
  did(): string | undefined {
    return this.#read()?.did
  }

  /** The coming status of a pending account; undefined when it is not pending. */
  pending(): InitialStatus | undefined {
    const row = this.#read()
    return row?.status === 'pending' ? (row.becomes ?? 'active') : undefined
  }

  /** Since when the account is pending, in ms since the epoch; undefined when it is not. */
  pendingSince(): number | undefined {
    const row = this.#read()
    return row?.status === 'pending' ? Date.parse(row.created_at) : undefined
  }

  /** Whether the account was deleted and only undelivered events and blobs to delete are left. */
  isDeleted(): boolean {
    return this.#read()?.status === 'deleted'
  }

  /** @throws StorageError `RepoNotFound` before the account is created and after it was deleted */
  get(): Account {
    const row = this.#readOrThrow()
    if (row.status === 'pending' || row.status === 'deleted') throw notFound()
    return {
      did: row.did,
      handle: row.handle,
      email: row.email,
      emailConfirmedAt: row.email_confirmed_at,
      emailAuthFactor: row.email_auth_factor === 1 && row.email_confirmed_at !== null,
      status: row.takedown === null ? row.status : 'takendown',
      deactivated: row.status === 'deactivated',
      deactivatedAt: row.status === 'deactivated' ? row.deactivated_at : null,
      deleteAfter: row.delete_after,
      takedown: row.takedown,
      awaitsApproval: row.approved_as !== null,
      createdAt: row.created_at,
    }
  }

  /**
   * The account, provided that the viewer may read it.
   *
   * @param mayReadPrivate the viewer is its owner or the operator
   * @throws StorageError `RepoTakendown`, `RepoDeactivated`, `RepoNotFound`
   */
  getReadable(mayReadPrivate = false): Account {
    const account = this.get()
    if (mayReadPrivate) return account
    if (account.status === 'takendown') {
      throw new StorageError('RepoTakendown', `Repo has been takendown: ${account.did}`)
    }
    if (account.status === 'deactivated') {
      throw new StorageError('RepoDeactivated', `Repo has been deactivated: ${account.did}`)
    }
    return account
  }

  /** The account, provided that its owner may write to it. */
  getWritable(): Account {
    const account = this.get()
    assertNotTakendown(account)
    if (account.status === 'deactivated') {
      throw new StorageError('AccountDeactivated', 'Account is deactivated')
    }
    return account
  }

  /** The status that the account gets with the operator's approval; undefined: it does not wait for it. */
  approvedAs(): InitialStatus | undefined {
    return this.#readOrThrow().approved_as ?? undefined
  }

  passwordHash(): string | null {
    return this.#readOrThrow().password
  }

  quota(): QuotaOverride {
    return parseQuotaOverride(this.#readOrThrow().quota)
  }

  sealedSigningKey(): Uint8Array {
    return new Uint8Array(this.#readOrThrow().signing_key)
  }

  /** The new key of a pending rotation. */
  sealedNextKey(): Uint8Array | undefined {
    const key = this.#readOrThrow().next_signing_key
    return key ? new Uint8Array(key) : undefined
  }

  /** Creates the account, pending. A row that an earlier attempt left behind is replaced. */
  create(account: NewAccount): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO account
         (only_row, did, handle, email, password, signing_key, status, becomes, approved_as, created_at)
       VALUES (1, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)`,
      account.did,
      account.handle,
      account.email,
      account.password,
      account.signingKey,
      account.becomes,
      account.approvedAs ?? null,
      new Date().toISOString(),
    )
    this.clearCache()
  }

  update(change: AccountChange): void {
    const changed = (Object.keys(COLUMNS) as (keyof AccountChange)[]).filter(
      (name) => change[name] !== undefined,
    )
    if (changed.length === 0) return
    this.#sql.exec(
      `UPDATE account SET ${changed.map((name) => `${COLUMNS[name]} = ?`).join(', ')}`,
      ...changed.map((name) => change[name] ?? null),
    )
    this.clearCache()
  }

  /** Clears everything but the DID, which the undelivered events need. */
  markDeleted(): void {
    this.#sql.exec(
      `UPDATE account SET status = 'deleted', email = NULL, password = NULL, handle = '',
         signing_key = x'', next_signing_key = NULL, approved_as = NULL`,
    )
    this.clearCache()
  }

  /** Drops the cache, after a change or a rollback. */
  clearCache(): void {
    this.#row = undefined
    this.#changed()
  }

  #read(): Row | undefined {
    this.#row ??= this.#sql.exec<Row>('SELECT * FROM account').toArray()[0]
    return this.#row
  }

  #readOrThrow(): Row {
    const row = this.#read()
    if (!row) throw notFound()
    return row
  }
}

/** @throws StorageError `AccountTakedown` */
export function assertNotTakendown({ status }: Account): void {
  if (status === 'takendown') {
    throw new StorageError('AccountTakedown', 'Account has been taken down')
  }
}

const notFound = () => new StorageError('RepoNotFound', 'Could not find repo')
