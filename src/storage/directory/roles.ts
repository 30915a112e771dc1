import { StorageError } from '../error.ts'

/** What an account may do for the host. */
export type Role = 'operator'

/** Roles of the accounts of this host. */
export class Roles {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The role that an account was given; whether the account is active, it knows itself. */
  of(did: string): Role | null {
    const [row] = this.#sql
      .exec<{ role: string | null }>('SELECT role FROM account WHERE did = ? AND ready = 1', did)
      .toArray()
    return row?.role === 'operator' ? row.role : null
  }

  /** @throws StorageError `AccountNotFound` */
  set(did: string, role: Role | null): void {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE account SET role = ? WHERE did = ? AND ready = 1',
      role,
      did,
    )
    if (rowsWritten === 0) throw new StorageError('AccountNotFound', `Account not found: ${did}`)
  }
}
