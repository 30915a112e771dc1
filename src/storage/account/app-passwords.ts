import { StorageError } from '../error.ts'

/** An app password, which grants less access than the main password. */
export interface AppPassword {
  name: string
  /** Whether it also grants access to sensitive state, such as chat. */
  privileged: boolean
  /** ISO 8601. */
  createdAt: string
}

/** Of one account. */
const MAX_COUNT = 100

type Row = { name: string; hash: string; privileged: number; created_at: string }

/** The app passwords of one account, looked up by hash: all have the salt of the account. */
export class AppPasswords {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @throws StorageError `InvalidRequest` when there is one of that name, or there are too many */
  assertMayAdd(name: string): void {
    const taken = this.#sql.exec('SELECT 1 FROM app_password WHERE name = ?', name).toArray()
    if (taken.length > 0) {
      throw new StorageError('InvalidRequest', `There is an app password named "${name}" already`)
    }
    const { count } = this.#sql
      .exec<{ count: number }>('SELECT count(*) AS count FROM app_password')
      .one()
    if (count >= MAX_COUNT) {
      const message = `An account has at most ${MAX_COUNT} app passwords: revoke one that is not used`
      throw new StorageError('InvalidRequest', message)
    }
  }

  /** @throws StorageError as `assertMayAdd` */
  add(name: string, hash: string, privileged: boolean): AppPassword {
    this.assertMayAdd(name)
    const createdAt = new Date().toISOString()
    this.#sql.exec(
      'INSERT INTO app_password (name, hash, privileged, created_at) VALUES (?, ?, ?, ?)',
      name,
      hash,
      privileged ? 1 : 0,
      createdAt,
    )
    return { name, privileged, createdAt }
  }

  /** The newest first. */
  list(): AppPassword[] {
    return this.#sql
      .exec<Row>('SELECT * FROM app_password ORDER BY created_at DESC, name')
      .toArray()
      .map(toAppPassword)
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM app_password LIMIT 1').toArray().length === 0
  }

  byHash(hash: string): AppPassword | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM app_password WHERE hash = ?', hash).toArray()[0]
    return row && toAppPassword(row)
  }

  remove(name: string): void {
    this.#sql.exec('DELETE FROM app_password WHERE name = ?', name)
  }

  removeAll(): void {
    this.#sql.exec('DELETE FROM app_password')
  }
}

const toAppPassword = ({ name, privileged, created_at }: Row): AppPassword => ({
  name,
  privileged: privileged === 1,
  createdAt: created_at,
})
