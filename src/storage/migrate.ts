/** Numbered schema migrations for the SQLite database of one Durable Object. */

/** One step: the statements that take a database from version n to n + 1. */
export type Migration = string

/**
 * Brings `storage` to the newest version in one transaction and reports the version it found.
 * The position in `migrations` is the version, so steps are only ever appended.
 */
export function migrate(
  storage: Pick<DurableObjectStorage, 'sql' | 'transactionSync'>,
  migrations: readonly Migration[],
): number {
  const { sql } = storage
  const found = versionOf(sql)
  if (found > migrations.length) {
    throw new SchemaTooNewError(found, migrations.length)
  }
  if (found < migrations.length) {
    storage.transactionSync(() => {
      if (found > 0 || !makeAtOnce(sql, migrations)) {
        for (const statements of migrations.slice(found)) sql.exec(statements)
      }
      sql.exec('DELETE FROM schema_version')
      sql.exec('INSERT INTO schema_version (version) VALUES (?)', migrations.length)
    })
  }
  return found
}

/**
 * Asks for the version at once, as all starts but the first have one. CREATE TABLE IF NOT EXISTS would count as a write even
 * where the table exists, and a start that only reads does not wait for the disk.
 */
function versionOf(sql: SqlStorage): number {
  const read = () =>
    sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]
  try {
    return read()?.version ?? 0
  } catch (error) {
    const tables = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").toArray()
    if (tables.length > 0) throw error
    sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)')
    return 0
  }
}

/** What lists of migrations make of an empty database, in one piece; null where it is more than tables. */
const results = new WeakMap<readonly Migration[], string | null>()

type SchemaRow = { type: string; name: string; sql: string | null }

/**
 * Makes the tables of a new database as all migrations leave them, and changes none that was just made: SQLite reads its
 * whole schema again with each change, which of the CPU time of a new account was a seventh. The first database of a kind
 * shows how.
 *
 * @returns whether it did; nothing is done otherwise
 */
function makeAtOnce(sql: SqlStorage, migrations: readonly Migration[]): boolean {
  if (schemaOf(sql).length > 0) return false
  const known = results.get(migrations)
  if (known) sql.exec(known)
  if (known !== undefined) return known !== null
  for (const statements of migrations) sql.exec(statements)
  results.set(migrations, resultOf(sql))
  return true
}

/** Statements that make a database like this one; null where some of it is no view, index or table without rows. */
function resultOf(sql: SqlStorage): string | null {
  const schema = schemaOf(sql)
  const isPlain = ({ type, name, sql: statement }: SchemaRow): boolean => {
    // Indexes of keys come with their tables.
    if (statement === null) return type === 'index'
    // What comes behind a comment would be a part of it.
    if (/--[^\n]*$/.test(statement)) return false
    if (type === 'view' || type === 'index') return true
    // Tables of SQLite's own, and those that a module makes.
    if (type !== 'table' || /^sqlite_/i.test(name) || /^CREATE\s+VIRTUAL/i.test(statement))
      return false
    return sql.exec(`SELECT 1 FROM "${name.replaceAll('"', '""')}" LIMIT 1`).toArray().length === 0
  }
  if (!schema.every(isPlain)) return null
  return schema
    .flatMap(({ sql: statement }) => (statement === null ? [] : [`${statement};`]))
    .join('\n')
}

/** All but what the platform has made, and the table of the version, in the order in which it was made. */
const schemaOf = (sql: SqlStorage): SchemaRow[] =>
  sql
    .exec<SchemaRow>(
      `SELECT type, name, sql FROM sqlite_schema
       WHERE name NOT GLOB '_cf_*' AND name <> 'schema_version' ORDER BY rowid`,
    )
    .toArray()

/** The database was written by a newer release; continuing could corrupt it. */
export class SchemaTooNewError extends Error {
  override name = 'SchemaTooNewError'
  constructor(found: number, known: number) {
    super(`database schema is version ${found}, this release knows ${known}: run a newer release`)
  }
}
