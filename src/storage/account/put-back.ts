/** Replaces everything that is stored of an account by the rows of a backup. */
import { StorageError } from '../error.ts'
import { replaceRows } from '../load.ts'
import type { SqlBinding } from '../sql.ts'
import { accountPlan } from './backup-plan.ts'
import type { BlobIndex } from './blobs.ts'
import { migrations } from './schema.ts'

/** What moderators have decided; on an account that is replaced, what they have decided since the backup counts. */
const DECISIONS = ['record_takedown', 'blob_takedown'] as const

type Row = Record<string, SqlStorageValue>

export interface PutBackOptions {
  /** Whose rows they have to be. */
  did: string
  /** The dump, each line as JSON text. */
  lines: readonly string[]
  /** Whether sessions go on. */
  sessions: boolean
  /** Values under a key that stay as they are. */
  keep: readonly string[]
}

/**
 * To be called in a transaction. Bytes of blobs that were here are deleted in the background.
 *
 * @throws StorageError `InvalidRequest`
 */
export function putAccountBack(
  { sql, kv }: Pick<DurableObjectStorage, 'sql' | 'kv'>,
  blobs: BlobIndex,
  { did, lines, sessions, keep }: PutBackOptions,
): void {
  blobs.markAllForDeletion()
  const unneeded = sql.exec<{ key: string }>('SELECT key FROM blob_to_delete').toArray()
  const [account] = sql
    .exec<{ takedown: string | null }>("SELECT takedown FROM account WHERE status <> 'deleted'")
    .toArray()
  const decisions = account && DECISIONS.map((table) => ({ table, rows: rowsOf(sql, table) }))
  for (const [key] of [...kv.list()]) if (!keep.includes(key)) kv.delete(key)
  replaceRows(sql, kv, lines, { plan: accountPlan, migrations, sessions, change })
  const [restored] = sql.exec<{ did: string }>('SELECT did FROM account').toArray()
  if (restored?.did !== did) {
    throw new StorageError(
      'InvalidRequest',
      `The rows are those of ${restored?.did}, not of ${did}`,
    )
  }
  if (account) sql.exec('UPDATE account SET takedown = ?', account.takedown)
  for (const { table, rows } of decisions ?? []) {
    sql.exec(`DELETE FROM ${table}`)
    for (const row of rows) insert(sql, table, row)
  }
  for (const { key } of unneeded) blobs.markForDeletion(key)
}

/** The number of the last event of the account that is here; 0: there is none. */
export const lastEventOf = (sql: SqlStorage): number =>
  sql
    .exec<{ last: number | null }>(
      'SELECT max(last) AS last FROM (SELECT last_event AS last FROM head UNION ALL SELECT max(id) FROM journal)',
    )
    .one().last ?? 0

const rowsOf = (sql: SqlStorage, table: (typeof DECISIONS)[number]): Row[] =>
  sql.exec<Row>(`SELECT * FROM ${table}`).toArray()

function insert(sql: SqlStorage, table: (typeof DECISIONS)[number], row: Row): void {
  const columns = Object.keys(row)
  const marks = columns.map(() => '?').join(', ')
  sql.exec(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, ...Object.values(row))
}

/** What is not to be as it was. */
function change(table: string, row: Record<string, SqlBinding>): Record<string, SqlBinding> {
  // The bytes in quarantine are in no backup.
  if (table === 'blob_takedown') return { ...row, key: null, delete_at: null }
  return row
}
