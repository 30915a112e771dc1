/** Brings an app's tables to the newest of its migrations. */
import type { AppMigration } from '../../kernel/app-tables.ts'
import { migrate } from '../migrate.ts'

/** Under this key: what was applied. SQL does not reach values under keys. */
const APPLIED = 'migrations'

export type Applied = Pick<AppMigration, 'name' | 'hash'>

export const appliedOf = (kv: SyncKvStorage): Applied[] => kv.get<Applied[]>(APPLIED) ?? []

/**
 * All that are missing, in one transaction.
 *
 * @throws AppMigrationError when one that was applied has changed or is gone
 */
export function migrateApp(
  storage: DurableObjectStorage,
  migrations: readonly AppMigration[],
): void {
  assertSame(appliedOf(storage.kv), migrations)
  if (appliedOf(storage.kv).length === migrations.length) return
  storage.transactionSync(() => {
    migrate(
      storage,
      migrations.map(({ sql }) => sql),
    )
    storage.kv.put(
      APPLIED,
      migrations.map(({ name, hash }): Applied => ({ name, hash })),
    )
  })
}

/** @throws AppMigrationError */
export function assertSame(applied: readonly Applied[], migrations: readonly AppMigration[]): void {
  applied.forEach(({ name, hash }, i) => {
    const known = migrations[i]
    if (known?.name === name && known.hash === hash) return
    throw new AppMigrationError(
      known?.name === name
        ? `${name} was changed after it was applied here: put it back as it was, and add another`
        : `${name} was applied here, where this release has ${known?.name ?? 'nothing'}`,
    )
  })
}

/** The tables are not those that the migrations of this release make. */
export class AppMigrationError extends Error {
  override name = 'AppMigrationError'
}
