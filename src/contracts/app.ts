/** What the object of an app's tables answers: one for each account that has rows in some, one of the host. */
import type { AppResult, AppStatement } from '../storage/app/tables.ts'
import type { RowCounts } from '../storage/sql.ts'
import type { Answer } from './answer.ts'
import type { BackupRpc } from './backup.ts'

export interface AppTablesRpc {
  /**
   * Runs statements in one transaction: all of them or none.
   *
   * @param owner whose tables: a DID; undefined: the host's
   * @throws StorageError `QuotaExceeded`; `RepoNotFound` where there is no such account; AppSqlError
   */
  run(owner: string | undefined, statements: readonly AppStatement[]): Answer<AppResult[]>
}

export interface AppLifecycleRpc {
  /** Removes everything, as of an account that never was. */
  destroy(): Answer<void>
}

export interface AppRestoreRpc {
  /**
   * Adds rows of a dump.
   *
   * @param owner as above
   * @param first whether they begin with its first line: everything is replaced by tables as they were then, and these rows
   * @throws StorageError `InvalidRequest`
   */
  add(owner: string | undefined, lines: Uint8Array, first: boolean): Answer<void>
}

export interface AppRpc {
  readonly tables: AppTablesRpc
  readonly lifecycle: AppLifecycleRpc
  readonly backup: BackupRpc
  readonly restore: AppRestoreRpc
  readonly rowCounts: { take(): Answer<RowCounts> }
}
