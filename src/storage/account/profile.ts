import { StorageError } from '../error.ts'

/** Whether an account takes part in the network, as `com.atproto.sync.getRepoStatus` names it. */
export type AccountStatus = 'active' | 'deactivated' | 'takendown'

/** What an account becomes when its making is complete. */
export type InitialStatus = Exclude<AccountStatus, 'takendown'>

/** Who lives in this object. Secrets are not part of it. */
export interface Account {
  did: string
  handle: string
  email: string | null
  /** ISO 8601; null: nobody has confirmed the address. */
  emailConfirmedAt: string | null
  /** Whether a code is mailed to the address at sign-in. Only while it is confirmed. */
  emailAuthFactor: boolean
  status: AccountStatus
  /** Whether the owner has switched the account off, also while it is taken down. */
  deactivated: boolean
  /** ISO 8601; until when the owner asked a deactivated account to be kept. */
  deleteAfter: string | null
  /** What the moderator noted when taking the account down. */
  takedown: string | null
  /** ISO 8601. */
  createdAt: string
}

export interface NewAccount {
  did: string
  handle: string
  email: string | null
  /** Output of `hashPassword`, or null for an account without a password. */
  password: string | null
  /** The signing key, sealed by `src/kernel/crypto/seal.ts`. */
  signingKey: Uint8Array
  /** While it is pending nobody sees it; it then becomes what is said here. */
  becomes: InitialStatus
}

/** What may change about an account; undefined leaves it as it is. */
export interface AccountChange {
  handle?: string
  email?: string | null
  emailConfirmedAt?: string | null
  emailAuthFactor?: 0 | 1
  password?: string
  signingKey?: Uint8Array
  /** A key that is about to take the place of the signing key. */
  nextSigningKey?: Uint8Array | null
  status?: InitialStatus
  deleteAfter?: string | null
  takedown?: string | null
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
  deleteAfter: 'delete_after',
  takedown: 'takedown',
} as const satisfies Record<keyof AccountChange, string>

/** The one row that says whose repository this is. */
export class Profile {
  readonly #sql: SqlStorage
  #row: Row | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The DID of whoever is or was here, or undefined. */
  did(): string | undefined {
    return this.#read()?.did
  }

  /** What a pending account becomes; undefined when it is not pending. */
  pending(): InitialStatus | undefined {
    const row = this.#read()
    return row?.status === 'pending' ? (row.becomes ?? 'active') : undefined
  }

  /** Since when the account is pending, in ms since the epoch; undefined when it is not. */
  pendingSince(): number | undefined {
    const row = this.#read()
    return row?.status === 'pending' ? Date.parse(row.created_at) : undefined
  }

  /** Whether the account was deleted and only its last event and its blobs are left. */
  isDeleted(): boolean {
    return this.#read()?.status === 'deleted'
  }

  /** @throws StorageError `RepoNotFound` before the account is made and after it was deleted */
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
      deleteAfter: row.delete_after,
      takedown: row.takedown,
      createdAt: row.created_at,
    }
  }

  /**
   * The account, provided that the viewer may read it.
   *
   * @param seesAll the viewer is its owner or the operator
   * @throws StorageError `RepoTakendown`, `RepoDeactivated`, `RepoNotFound`
   */
  getReadable(seesAll = false): Account {
    const account = this.get()
    if (seesAll) return account
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
      throw new StorageError('AccountDeactivated', 'Account is deactivated', 401)
    }
    return account
  }

  passwordHash(): string | null {
    return this.#readOrThrow().password
  }

  sealedSigningKey(): Uint8Array {
    return new Uint8Array(this.#readOrThrow().signing_key)
  }

  /** The key of a rotation that has begun and is not over. */
  sealedNextKey(): Uint8Array | undefined {
    const key = this.#readOrThrow().next_signing_key
    return key ? new Uint8Array(key) : undefined
  }

  /** Makes the account, pending; what an attempt before this one left behind is replaced. */
  create(account: NewAccount): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO account
         (only_row, did, handle, email, password, signing_key, status, becomes, created_at)
       VALUES (1, ?, ?, ?, ?, ?, 'pending', ?, ?)`,
      account.did,
      account.handle,
      account.email,
      account.password,
      account.signingKey,
      account.becomes,
      new Date().toISOString(),
    )
    this.#row = undefined
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
    this.#row = undefined
  }

  /** Leaves nothing but the DID, for the events that are still to be delivered. */
  markDeleted(): void {
    this.#sql.exec(
      `UPDATE account SET status = 'deleted', email = NULL, password = NULL, handle = '',
         signing_key = x'', next_signing_key = NULL`,
    )
    this.#row = undefined
  }

  /** Forgets what is kept in memory, after a transaction was rolled back. */
  forget(): void {
    this.#row = undefined
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
    throw new StorageError('AccountTakedown', 'Account has been taken down', 401)
  }
}

const notFound = () => new StorageError('RepoNotFound', 'Could not find repo')
