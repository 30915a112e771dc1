/** Judges migrations: against what was recorded of them, and by carrying them out on an empty database. */
import type { DatabaseSync } from 'node:sqlite'
import { type AppScope, RESERVED_TABLES } from '../../src/kernel/app-tables.ts'
import { firstWord, placedStatements } from '../../src/kernel/sql-text.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { importSqlite } from '../sqlite.ts'
import { type AppFiles, type MigrationFile, RECORD } from './read.ts'

export interface Column {
  name: string
  /** `INTEGER`, `REAL`, `TEXT`, `BLOB`, `ANY`; of a table that is STRICT there is no other. */
  type: string
  nullable: boolean
}

/** A table as the migrations leave it. */
export interface Table {
  name: string
  columns: Column[]
}

export interface CheckedApp {
  diagnostics: Diagnostic[]
  migrations: MigrationFile[]
  tables: Record<AppScope, Table[]>
}

const SCOPES = ['account', 'host'] as const

/** What a migration may do: the platform has transactions, and what is kept where, in its own hands. */
const ALLOWED: ReadonlySet<string> = new Set([
  'CREATE',
  'ALTER',
  'DROP',
  'INSERT',
  'UPDATE',
  'DELETE',
  'REPLACE',
  'WITH',
])

export async function checkApp(files: AppFiles): Promise<CheckedApp> {
  const diagnostics = [...misplaced(files), ...changed(files)]
  const tables: CheckedApp['tables'] = { account: [], host: [] }
  if (files.migrations.length > 0) {
    const { DatabaseSync } = await importSqlite()
    for (const scope of SCOPES) {
      const database = new DatabaseSync(':memory:')
      const migrations = files.migrations.filter((file) => file.scope === scope)
      const found = carryOut(database, migrations)
      diagnostics.push(...found)
      if (found.length === 0) tables[scope] = tablesIn(database)
      database.close()
    }
  }
  return { diagnostics, migrations: files.migrations, tables }
}

/** Files that would never be applied, or in no certain order. */
function misplaced({ strange, migrations }: AppFiles): Diagnostic[] {
  const named = strange.map((file) =>
    error(
      file,
      'migrations are src/app/account/0001-what-it-does.sql, or the same below src/app/host/',
    ),
  )
  const twice = migrations.flatMap((file, i) => {
    const before = migrations[i - 1]
    if (before?.scope !== file.scope || number(before) !== number(file)) return []
    return [error(file.path, `has the number of ${before.name}: which comes first?`)]
  })
  return [...named, ...twice]
}

/** What was recorded stays as it was, and whatever is new comes behind it. */
function changed({ record, migrations }: AppFiles): Diagnostic[] {
  if (!record) return [error(RECORD, 'is not what codegen wrote: restore it from version control')]
  const found: Diagnostic[] = []
  const known = new Map(migrations.map((file) => [recordName(file), file]))
  for (const [name, hash] of Object.entries(record)) {
    const file = known.get(name)
    const undo = `If it never ran anywhere but on this machine, delete its line from ${RECORD}, and the data of this machine`
    if (!file) found.push(error(RECORD, `${name} is gone, which hosts have applied. ${undo}.`))
    else if (file.hash !== hash) {
      const message = `was changed after it was recorded: hosts have applied it as it was. Put it back, and add another file. ${undo}.`
      found.push(error(file.path, message))
    }
  }
  for (const scope of SCOPES) {
    const own = migrations.filter((file) => file.scope === scope)
    const last = own.findLastIndex((file) => Object.hasOwn(record, recordName(file)))
    for (const file of own.slice(0, Math.max(last, 0))) {
      if (Object.hasOwn(record, recordName(file))) continue
      found.push(
        error(file.path, `comes before ${own[last]?.name}, which is recorded: number it behind`),
      )
    }
  }
  return found
}

/** Statement by statement, so that what is wrong has a line. */
function carryOut(database: DatabaseSync, migrations: readonly MigrationFile[]): Diagnostic[] {
  for (const { path, text } of migrations) {
    const statements = placedStatements(text)
    if (statements.length === 0) return [error(path, 'has no statement')]
    const foreign = statements.find(({ statement }) => !ALLOWED.has(firstWord(statement)))
    if (foreign) {
      const word = firstWord(foreign.statement) || 'this'
      const message = `${word} is no statement of a migration, which runs in a transaction`
      return [errorAt(path, text, foreign.at, message)]
    }
    /** What was wrong after a statement, which a later one may set right → where that is. */
    const since = new Map<string, number>()
    for (const { statement, at } of statements) {
      try {
        database.exec(statement)
      } catch (cause) {
        return [errorAt(path, text, at, cause instanceof Error ? cause.message : String(cause))]
      }
      const reason = whyNot(database)
      if (reason !== undefined && !since.has(reason)) since.set(reason, at)
    }
    const reason = whyNot(database)
    if (reason !== undefined) return [errorAt(path, text, since.get(reason) ?? 0, reason)]
  }
  return []
}

/** Why tables are none that can be typed, backed up and put back. */
function whyNot(database: DatabaseSync): string | undefined {
  const all = rows<{ type: string; name: string; sql: string | null }>(
    database,
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'",
  )
  for (const { type, name, sql } of all) {
    if (type === 'trigger')
      return `${name} is a trigger, which there are none of: do it in the statement's batch`
    if (/^CREATE\s+VIRTUAL/i.test(sql ?? ''))
      return `${name} is a virtual table: search is for collections (docs/collections.md)`
    if (RESERVED_TABLES.has(name.toLowerCase()) || /^_cf_/i.test(name))
      return `${name} is a name of the host's own`
  }
  const tables = rows<{ name: string; type: string; strict: number }>(
    database,
    "SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT GLOB 'sqlite_*'",
  )
  for (const { name, strict } of tables) {
    if (strict !== 1)
      return `${name} is not STRICT: write CREATE TABLE ${name} (…) STRICT, so that its rows have the types that it says`
    const generated = columnsOf(database, name).find(({ hidden }) => hidden > 0)
    if (generated)
      return `${name}.${generated.name} is a generated column: make an index on the expression`
  }
  return undefined
}

const tablesIn = (database: DatabaseSync): Table[] =>
  rows<{ name: string }>(
    database,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name",
  ).map(({ name }) => ({
    name,
    columns: columnsOf(database, name).map((column) => ({
      name: column.name,
      type: column.type.toUpperCase(),
      nullable: column.notnull === 0 && column.pk === 0,
    })),
  }))

interface ColumnRow {
  name: string
  type: string
  notnull: number
  pk: number
  hidden: number
}

const columnsOf = (database: DatabaseSync, table: string): ColumnRow[] =>
  rows(database, 'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)', table)

const rows = <Row>(database: DatabaseSync, sql: string, ...parameters: string[]): Row[] =>
  database.prepare(sql).all(...parameters) as Row[]

const number = ({ name }: MigrationFile): string => name.slice(0, 4)

export const recordName = ({ scope, name }: MigrationFile): string => `${scope}/${name}`

const error = (file: string, message: string): Diagnostic => ({ severity: 'error', file, message })

/** @param at where in the file's text the statement begins */
function errorAt(file: string, text: string, at: number, message: string): Diagnostic {
  const before = text.slice(0, at).split('\n')
  const column = (before.at(-1)?.length ?? 0) + 1
  return { ...error(file, message), line: before.length, column }
}
