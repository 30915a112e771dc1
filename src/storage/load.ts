/** Puts the rows of a dump (`dump.ts`) back into a database. */
import { type BackupPlan, type DumpedValue, quoted, tablesOf } from './dump.ts'
import { StorageError } from './error.ts'
import type { Migration } from './migrate.ts'
import { insertRows, type SqlBinding } from './sql.ts'

/** Tables that are no part of what is restored: of the schema itself, of background jobs, of what is on its way. */
const OWN = new Set(['schema_version', 'job', 'restore_piece'])

export interface LoadOptions {
  plan: BackupPlan
  migrations: readonly Migration[]
  /** Whether rows of sessions are put back. */
  sessions: boolean
  /** Changes a row before it is put back; undefined leaves it out. */
  change?(table: string, row: Record<string, SqlBinding>): Record<string, SqlBinding> | undefined
}

/**
 * Replaces all rows of a database by those of a dump, in a transaction of the caller's. A dump of an older schema is put
 * into tables of that schema, and migrated from there.
 *
 * @param lines of the dump, each as JSON text
 * @returns the first line
 * @throws StorageError `InvalidRequest` when the dump is of something else, of a newer release, or not whole
 */
export function replaceRows(
  sql: SqlStorage,
  kv: SyncKvStorage,
  lines: Iterable<string>,
  options: LoadOptions,
): Record<string, unknown> {
  const { plan, migrations } = options
  let head: Record<string, unknown> | undefined
  let count = 0
  let isWhole = false
  for (const text of lines) {
    const line = parseLine(text)
    if (isWhole) throw invalid('There is something behind its end')
    if (!head) {
      head = assertHead(line, plan, migrations.length)
      emptyTables(sql, migrations, Number(head.schema))
      continue
    }
    if (line.end === true) isWhole = line.rows === count
    else count += putBack(sql, kv, line, options)
  }
  if (!head || !isWhole) throw invalid('It is not whole')
  const from = Number(head.schema)
  for (const statements of migrations.slice(from)) sql.exec(statements)
  sql.exec('DELETE FROM schema_version')
  sql.exec('INSERT INTO schema_version (version) VALUES (?)', migrations.length)
  return head
}

function assertHead(
  line: Record<string, unknown>,
  plan: BackupPlan,
  known: number,
): Record<string, unknown> {
  const { object, schema } = line
  if (object !== plan.object) throw invalid(`It is of ${String(object)}, not of ${plan.object}`)
  if (typeof schema !== 'number' || !Number.isInteger(schema) || schema < 1) {
    throw invalid('It does not say of which schema it is')
  }
  if (schema > known) {
    throw invalid(`It was made by a newer release (schema ${schema}, here ${known}): update first`)
  }
  return line
}

/** Empties all tables; where they are to be those of an older schema, they are made anew. */
function emptyTables(sql: SqlStorage, migrations: readonly Migration[], schema: number): void {
  const tables = tablesOf(sql).filter((table) => !OWN.has(table))
  if (schema === migrations.length) {
    for (const table of tables) sql.exec(`DELETE FROM ${table}`)
    return
  }
  for (const type of ['trigger', 'view', 'index', 'table']) {
    const names = sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL
           AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'`,
        type,
      )
      .toArray()
    for (const { name } of names) {
      if (name === 'schema_version' || name === 'restore_piece') continue
      sql.exec(`DROP ${type} ${name}`)
    }
  }
  for (const statements of migrations.slice(0, schema)) sql.exec(statements)
}

/** @returns how many rows the line has */
function putBack(
  sql: SqlStorage,
  kv: SyncKvStorage,
  line: Record<string, unknown>,
  { plan, sessions, change }: LoadOptions,
): number {
  const isWanted = (rule: unknown) => rule === 'kept' || (sessions && rule === 'session')
  if (typeof line.key === 'string') {
    if (isWanted(ownOf(plan.values, line.key))) kv.put(line.key, toValue(line.value))
    return 1
  }
  const { table, columns, rows } = assertRows(line)
  const rule = ownOf(plan.tables, table)
  if (!isWanted(rule)) return rows.length
  return insertLine(sql, { table, columns, rows }, change)
}

/** Inserts the rows of a line into its table, which is one that may be written. @returns how many the line has */
export function insertLine(
  sql: SqlStorage,
  line: Record<string, unknown>,
  change?: LoadOptions['change'],
): number {
  const { table, columns, rows } = assertRows(line)
  assertColumns(sql, table, columns)
  const changed = rows.flatMap((row: unknown) => {
    const before = toRow(columns, row)
    const after = change ? change(table, before) : before
    return after ? [columns.map((column) => after[column] ?? null)] : []
  })
  const names = columns.map(quoted).join(', ')
  insertRows(sql, `INSERT OR REPLACE INTO ${quoted(table)} (${names})`, changed)
  return rows.length
}

function assertRows(line: Record<string, unknown>): {
  table: string
  columns: unknown[]
  rows: unknown[]
} {
  const { table, columns, rows } = line
  if (typeof table === 'string' && Array.isArray(columns) && Array.isArray(rows)) {
    return { table, columns, rows }
  }
  throw invalid('A line is none of rows')
}

/** Names of columns become part of a statement. @throws StorageError */
function assertColumns(
  sql: SqlStorage,
  table: string,
  columns: readonly unknown[],
): asserts columns is string[] {
  const known = new Set(
    sql
      .exec<{ name: string }>(`PRAGMA table_info(${quoted(table)})`)
      .toArray()
      .map(({ name }) => name),
  )
  for (const column of columns) {
    if (typeof column !== 'string' || !known.has(column)) {
      throw invalid(`There is no column ${JSON.stringify(column)} in ${table}`)
    }
  }
}

function toRow(columns: readonly string[], row: unknown): Record<string, SqlBinding> {
  if (!Array.isArray(row) || row.length !== columns.length) throw invalid('A row is malformed')
  return Object.fromEntries(columns.map((column, i) => [column, toBinding(row[i])]))
}

const toValue = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && 'b' in value ? toBinding(value) : value

function toBinding(value: unknown): SqlBinding {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  const bytes = (value as Partial<Exclude<DumpedValue, string | number | null>>).b
  if (typeof bytes !== 'string') throw invalid('A value is malformed')
  return new Uint8Array(Buffer.from(bytes, 'base64'))
}

const ownOf = <T>(of: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined

/** A line. @throws StorageError `InvalidRequest` */
export function parseLine(text: string): Record<string, unknown> {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    // Said below.
  }
  if (!line || typeof line !== 'object') throw invalid('A line is no JSON')
  return line as Record<string, unknown>
}

const invalid = (what: string) =>
  new StorageError('InvalidRequest', `The rows cannot be restored. ${what}.`)
