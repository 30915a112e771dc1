/** Runs an app's statements on tables of its own: a database in which there is nothing else. */
import { whyNotRunnable } from '../../kernel/sql-text.ts'
import { StorageError } from '../error.ts'

/** A value in a row. */
export type AppValue = string | number | null | ArrayBuffer

export type AppRow = Record<string, AppValue>

/** A statement with its parameters. */
export type AppStatement = readonly [sql: string, ...parameters: (AppValue | Uint8Array)[]]

export interface AppResult {
  rows: AppRow[]
  /** Rows that it has inserted, updated or deleted. */
  changes: number
}

/** Statements in one transaction. */
export const MAX_STATEMENTS = 100
/** Rows that one statement may give, and those that it may read while it gives them. */
export const MAX_ROWS = 1_000
export const MAX_ROWS_READ = 100_000
/** Bytes of all rows of one transaction: RPC takes 32 MiB. */
export const MAX_ANSWER = 4 * 1024 * 1024

export class AppTables {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage) {
    this.#storage = storage
    this.#sql = sql
  }

  /**
   * @param maxBytes that the database may have, after statements that have made it larger; 0: as many as it likes
   * @throws StorageError `QuotaExceeded`; AppSqlError; then nothing was done
   */
  run(statements: readonly AppStatement[], maxBytes: number): AppResult[] {
    if (statements.length > MAX_STATEMENTS) {
      throw new AppSqlError(
        `at most ${MAX_STATEMENTS} statements at once, not ${statements.length}`,
      )
    }
    for (const [sql] of statements) {
      const reason = whyNotRunnable(sql)
      if (reason !== undefined) throw new AppSqlError(`${reason}: ${sql}`)
    }
    const before = this.#sql.databaseSize
    return this.#storage.transactionSync(() => {
      const budget = { bytes: MAX_ANSWER }
      const results = statements.map(([sql, ...parameters]) => this.#one(sql, parameters, budget))
      const after = this.#sql.databaseSize
      if (maxBytes > 0 && after > maxBytes && after > before) throw quotaExceeded(maxBytes, before)
      return results
    })
  }

  #one(sql: string, parameters: (SqlStorageValue | Uint8Array)[], budget: { bytes: number }) {
    const before = this.#changes()
    const rows: AppRow[] = []
    try {
      const cursor = this.#sql.exec<AppRow>(sql, ...parameters)
      for (const row of cursor) {
        rows.push(row)
        budget.bytes -= sizeOf(row)
        if (rows.length > MAX_ROWS) throw tooMany(`gives more than ${MAX_ROWS} rows`)
        if (budget.bytes < 0) throw tooMany(`gives more than ${MAX_ANSWER} bytes`)
        if (cursor.rowsRead > MAX_ROWS_READ) throw tooMany(`reads more than ${MAX_ROWS_READ} rows`)
      }
    } catch (error) {
      if (error instanceof AppSqlError) throw error
      // What SQLite says names tables and columns, never values.
      throw new AppSqlError(`${error instanceof Error ? error.message : error}, in: ${sql}`)
    }
    return { rows, changes: this.#changes() - before }
  }

  #changes(): number {
    return this.#sql.exec<{ n: number }>('SELECT total_changes() AS n').one().n
  }
}

/** A statement of the app failed: a fault of the app's, of which whoever sent the request learns nothing. */
export class AppSqlError extends Error {
  override name = 'AppSqlError'
}

const sizeOf = (row: AppRow): number =>
  Object.values(row).reduce<number>((sum, value) => {
    if (typeof value === 'string') return sum + value.length * 2
    return sum + (value instanceof ArrayBuffer ? value.byteLength : 8)
  }, 0)

const tooMany = (what: string) => new AppSqlError(`a statement ${what}: add a LIMIT, or an index`)

const quotaExceeded = (limit: number, used: number) =>
  new StorageError(
    'QuotaExceeded',
    `The app may keep ${limit} bytes here, and keeps ${used}. Delete something, or ask the operator for more.`,
  )
