/**
 * The rows of an object's database as lines of JSON, for backups (docs/backup.md). Which tables are in it is said in a
 * plan beside the schema; a test holds each plan against its schema, so that a new table is not forgotten.
 */

/**
 * What a backup does with a table or a value under a key:
 * - `kept`: it is in the backup, and put back as it was
 * - `session`: the same, but put back only where sessions are to go on
 * - `compared`: it is in the backup, and a restore makes it from something else
 * - `left`: it is not in the backup, and why
 */
export type BackupRule = 'kept' | 'session' | 'compared' | { readonly left: string }

/** What a backup has of one kind of object. */
export interface BackupPlan {
  readonly object: 'account' | 'directory' | 'oauth' | 'sequencer' | 'app'
  readonly tables: Readonly<Record<string, BackupRule>>
  /** Values under a key (`storage.kv`). */
  readonly values: Readonly<Record<string, BackupRule>>
  /** Conditions on the rows that count. */
  readonly where?: Readonly<Record<string, string>>
  /** Stands before the names of the tables in the dump. */
  readonly prefix?: string
}

/** Whether something is in the backup. */
export const isDumped = (rule: BackupRule | undefined): boolean => typeof rule === 'string'

/** The only row of a table, by its columns. */
export type MemoryRow = Readonly<Record<string, SqlStorageValue | Uint8Array>>

/** Rows in one line. */
const PAGE = 200

/** A value of SQLite in JSON: bytes in base64, the others as they are. */
export type DumpedValue = string | number | null | { readonly b: string }

/** One line of a dump: the first says of what it is, the last how many rows there were. */
export type DumpLine =
  | { object: string; schema: number; [fact: string]: unknown }
  | { table: string; columns: string[]; rows: DumpedValue[][] }
  | { key: string; value: unknown }
  | { end: true; rows: number }

/**
 * Gives the rows in the order of their keys, a page in memory at a time. Drained in one turn, it is one state of the
 * database; otherwise each page is. Reads each row once.
 *
 * @param schema number of migrations that made the tables
 * @param facts what else the first line says
 * @param instead rows, by their columns, of tables that are behind what is in memory
 */
export function* dumpRows(
  { sql, kv }: Pick<DurableObjectStorage, 'sql' | 'kv'>,
  plan: BackupPlan,
  schema: number,
  facts: object,
  instead: Readonly<Record<string, MemoryRow>> = {},
): Generator<Uint8Array<ArrayBuffer>> {
  yield line({ ...facts, object: plan.object, schema })
  let count = 0
  for (const [table, rule] of Object.entries(plan.tables)) {
    if (!isDumped(rule)) continue
    const row = instead[table]
    for (const page of row ? [pageOf(row)] : pages(sql, table, plan.where?.[table])) {
      count += page.rows.length
      yield line({ table: `${plan.prefix ?? ''}${table}`, ...page })
    }
  }
  for (const [key, rule] of Object.entries(plan.values)) {
    const value = isDumped(rule) ? kv.get(key) : undefined
    if (value === undefined) continue
    count++
    yield line({ key, value: value instanceof Uint8Array ? bytesOf(value) : value })
  }
  yield line({ end: true, rows: count })
}

/** The same as a stream that is read a page at a time, so that it holds no more in memory. */
export function streamOf(
  lines: Iterator<Uint8Array<ArrayBuffer>> | AsyncIterator<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

const pageOf = (row: MemoryRow) => ({
  columns: Object.keys(row),
  rows: [Object.values(row).map(dumped)],
})

function* pages(
  sql: SqlStorage,
  table: string,
  where = 'true',
): Generator<{ columns: string[]; rows: DumpedValue[][] }> {
  const keys = keysOf(sql, table)
  const key = keys.join(', ')
  let after: SqlStorageValue[] = []
  for (;;) {
    const next = after.length > 0 ? `(${key}) > (${keys.map(() => '?').join(', ')})` : 'true'
    const cursor = sql.exec(
      `SELECT ${key}, * FROM ${quoted(table)} WHERE ${where} AND ${next} ORDER BY ${key} LIMIT ${PAGE}`,
      ...after,
    )
    const columns = cursor.columnNames.slice(keys.length)
    const rows = [...cursor.raw()]
    const last = rows.at(-1)
    if (!last) return
    after = last.slice(0, keys.length)
    yield { columns, rows: rows.map((row) => row.slice(keys.length).map(dumped)) }
    if (rows.length < PAGE) return
  }
}

/** The columns of the primary key, in its order; of a table without one, the row number. */
function keysOf(sql: SqlStorage, table: string): string[] {
  const keys = sql
    .exec<{ name: string; pk: number }>(`PRAGMA table_info(${quoted(table)})`)
    .toArray()
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => quoted(name))
  return keys.length > 0 ? keys : ['rowid']
}

/** A name, whatever it is. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const dumped = (value: SqlStorageValue | Uint8Array): DumpedValue => {
  if (value instanceof Uint8Array) return bytesOf(value)
  return value instanceof ArrayBuffer ? bytesOf(new Uint8Array(value)) : value
}

const bytesOf = (bytes: Uint8Array) => ({ b: Buffer.from(bytes).toString('base64') })

const encoder = new TextEncoder()

const line = (content: DumpLine): Uint8Array<ArrayBuffer> =>
  encoder.encode(`${JSON.stringify(content)}\n`).slice()

/** All tables of a database, but those of SQLite and of the platform. */
export const tablesOf = (sql: SqlStorage): string[] =>
  sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'
       ORDER BY name`,
    )
    .toArray()
    .map(({ name }) => name)
