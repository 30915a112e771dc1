import { StorageError } from '../error.ts'

/** Whether an account takes part in the network, as `com.atproto.sync.getRepoStatus` names it. */
export type AccountStatus = 'active' | 'deactivated' | 'takendown'

/** Who lives in this object. Secrets are not part of it. */
export interface Account {
  did: string
  handle: string
  email: string | null
  status: AccountStatus
  /** ISO 8601. */
  createdAt: string
}

export interface NewAccount {
  did: string
  handle: string
  email: string | null
  /** Output of `hashPassword`, or null for an account without a password. */
  password: string | null
  /** The signing key, sealed by `src/auth/seal.ts`. */
  signingKey: Uint8Array
  status: AccountStatus
}

type Row = {
  did: string
  handle: string
  email: string | null
  password: string | null
  signing_key: ArrayBuffer
  status: AccountStatus
  created_at: string
}

/** The one row that says whose repository this is. */
export class Profile {
  readonly #sql: SqlStorage
  #row: Row | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Whether an account was ever created here. */
  exists(): boolean {
    return this.#read() !== undefined
  }

  /** @throws StorageError `RepoNotFound` before the account is created. */
  get(): Account {
    const row = this.#readOrThrow()
    return {
      did: row.did,
      handle: row.handle,
      email: row.email,
      status: row.status,
      createdAt: row.created_at,
    }
  }

  /** The account, provided that it may be read by everybody. */
  getActive(): Account {
    const account = this.get()
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
    if (account.status === 'takendown') {
      throw new StorageError('AccountTakedown', 'Account has been taken down', 401)
    }
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

  create(account: NewAccount): void {
    this.#sql.exec(
      `INSERT INTO account (only_row, did, handle, email, password, signing_key, status, created_at)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
      account.did,
      account.handle,
      account.email,
      account.password,
      account.signingKey,
      account.status,
      new Date().toISOString(),
    )
    this.#row = undefined
  }

  /** Sets what the owner chose, where the account was made before and that was not completed. */
  complete({ handle, email, password }: Pick<NewAccount, 'handle' | 'email' | 'password'>): void {
    this.#sql.exec(
      'UPDATE account SET handle = ?, email = ?, password = ?',
      handle,
      email,
      password,
    )
    this.#row = undefined
  }

  #read(): Row | undefined {
    this.#row ??= this.#sql.exec<Row>('SELECT * FROM account').toArray()[0]
    return this.#row
  }

  #readOrThrow(): Row {
    const row = this.#read()
    if (!row) throw new StorageError('RepoNotFound', 'Could not find repo')
    return row
  }
}
