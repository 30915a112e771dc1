/** The rows of an app's tables as lines of JSON (`../dump.ts`), and back. */
import { type AppMigration, RESERVED_TABLES } from '../../kernel/app-tables.ts'
import { type BackupPlan, dumpRows, tablesOf } from '../dump.ts'
import { StorageError } from '../error.ts'
import { insertLine, parseLine } from '../load.ts'
import { type Applied, appliedOf, assertSame, migrateApp } from './migrate.ts'

/** Before the names of tables in a dump, so that they are none of Cumulus's own. */
export const APP_PREFIX = 'app.'

/** All tables, in one state; nothing at all where there are none. */
export function dumpApp(storage: DurableObjectStorage): Uint8Array<ArrayBuffer>[] {
  const applied = appliedOf(storage.kv)
  if (applied.length === 0) return []
  const names = tablesOf(storage.sql).filter((name) => !RESERVED_TABLES.has(name))
  const plan: BackupPlan = {
    object: 'app',
    tables: Object.fromEntries(names.map((name) => [name, 'kept'])),
    values: {},
    prefix: APP_PREFIX,
  }
  return [...dumpRows(storage, plan, applied.length, { migrations: applied })]
}

/**
 * Empties everything, and makes the tables as they were when a dump was made; later migrations come when the tables are used
 * again.
 *
 * @param head the first line of the dump
 * @throws StorageError `InvalidRequest`
 */
export async function beginRestore(
  storage: DurableObjectStorage,
  migrations: readonly AppMigration[],
  head: string,
): Promise<void> {
  const { object, migrations: applied } = parseLine(head)
  if (object !== 'app' || !Array.isArray(applied)) throw invalid('They are of something else')
  try {
    assertSame(applied as Applied[], migrations)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : '')
  }
  await storage.deleteAll()
  migrateApp(storage, migrations.slice(0, applied.length))
}

/** In one transaction. @throws StorageError `InvalidRequest` */
export function addRows(storage: DurableObjectStorage, lines: Iterable<string>): void {
  const { sql } = storage
  const known = new Set(tablesOf(sql).filter((name) => !RESERVED_TABLES.has(name)))
  storage.transactionSync(() => {
    // A row may come before the one that it refers to.
    sql.exec('PRAGMA defer_foreign_keys = ON')
    for (const text of lines) {
      const { table, end, ...rest } = parseLine(text)
      if (end === true) continue
      const name = typeof table === 'string' ? table.slice(APP_PREFIX.length) : ''
      if (!known.has(name)) throw invalid(`There is no table ${JSON.stringify(table)}`)
      insertLine(sql, { ...rest, table: name })
    }
  })
}

const invalid = (what: string) =>
  new StorageError('InvalidRequest', `The rows of the app cannot be restored. ${what}.`)
