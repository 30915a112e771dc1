/** Numbered schema migrations for the SQLite database of one Durable Object. */

/** One step: the statements that take a database from version n to n + 1. */
export type Migration = string

/**
 * Brings `storage` to the newest version in one transaction and reports the version it found.
 * The position in `migrations` is the version, so steps are only ever appended.
 */
export function migrate(storage: DurableObjectStorage, migrations: readonly Migration[]): number {
  const { sql } = storage
  // CREATE TABLE IF NOT EXISTS would count as a write even where the table exists, and a start that only reads
  // does not wait for the disk.
  const tables = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").toArray()
  if (tables.length === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)')
  const row = sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]
  const found = row?.version ?? 0
  if (found > migrations.length) {
    throw new SchemaTooNewError(found, migrations.length)
  }
  if (found < migrations.length) {
    storage.transactionSync(() => {
      for (const statements of migrations.slice(found)) sql.exec(statements)
      sql.exec('DELETE FROM schema_version')
      sql.exec('INSERT INTO schema_version (version) VALUES (?)', migrations.length)
    })
  }
  return found
}

/** The database was written by a newer release; continuing could corrupt it. */
export class SchemaTooNewError extends Error {
  override name = 'SchemaTooNewError'
  constructor(found: number, known: number) {
    super(`database schema is version ${found}, this release knows ${known}: run a newer release`)
  }
}
