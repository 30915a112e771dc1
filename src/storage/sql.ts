/** Bound parameters that one statement may have (Durable Objects, SQLite limits). */
const MAX_PARAMETERS = 100

/**
 * `LIMIT ?` for statements that run often: to a bare one SQLite fits the plan, and so it prepares the statement anew with
 * each execution, which takes longer than to read some rows.
 */
export const LIMIT = 'LIMIT ? + 0'

/** What a parameter of a statement may be. */
export type SqlBinding = SqlStorageValue | Uint8Array

/**
 * Inserts many rows with few statements. `insert` is everything up to VALUES, such as
 * `INSERT INTO t (a, b)`. Each row has as many values as there are columns.
 *
 * @param rest what comes behind the values, such as ON CONFLICT
 */
export function insertRows(
  sql: SqlStorage,
  insert: string,
  rows: readonly (readonly SqlBinding[])[],
  rest = '',
): void {
  insertValues(sql, insert, rows[0]?.length ?? 0, rows.flat(), rest)
}

/** The same, with the values of all rows in one flat array: for so many rows that an array for each is slow. */
export function insertValues(
  sql: SqlStorage,
  insert: string,
  columns: number,
  values: readonly SqlBinding[],
  rest = '',
): void {
  if (columns === 0) return
  const tuple = `(${Array(columns).fill('?').join(', ')})`
  const most = Math.floor(MAX_PARAMETERS / columns) * columns
  for (let from = 0; from < values.length; from += most) {
    const chunk = values.slice(from, from + most)
    sql.exec(
      `${insert} VALUES ${Array(chunk.length / columns)
        .fill(tuple)
        .join(', ')} ${rest}`,
      ...chunk,
    )
  }
}

/** Counts rows read and written by statements, which is what the platform bills. */
export interface RowCounter {
  sql: SqlStorage
  /** The counts since the last call. */
  take(): RowCounts
}

export interface RowCounts {
  read: number
  written: number
}

/** A database as it is, of which nothing is counted. */
export const uncounted = (sql: SqlStorage): RowCounter => ({
  sql,
  take: () => ({ read: 0, written: 0 }),
})

/** Wraps a database so that rows are counted; for measurements, since it costs memory and time. */
export function countRows(sql: SqlStorage): RowCounter {
  let totals = { read: 0, written: 0 }
  let open: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []
  const addUp = () => {
    for (const cursor of open) {
      totals.read += cursor.rowsRead
      totals.written += cursor.rowsWritten
    }
    open = []
  }
  const counted = new Proxy(sql, {
    get(target, name) {
      if (name !== 'exec') return Reflect.get(target, name)
      return (...args: Parameters<SqlStorage['exec']>) => {
        // The counts of a cursor are final once it was read to its end, as old cursors were.
        if (open.length >= 1000) addUp()
        const cursor = target.exec(...args)
        open.push(cursor)
        return cursor
      }
    },
  })
  return {
    sql: counted,
    take() {
      addUp()
      const taken = totals
      totals = { read: 0, written: 0 }
      return taken
    },
  }
}
