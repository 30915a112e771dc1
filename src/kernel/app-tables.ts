/**
 * Tables of the project's own (`src/app/`), as the runtime holds them: the migrations that make them. The generated tree
 * hands them over once, when the Worker's modules are loaded.
 */

/**
 * The types of the rows of the project's tables, by whether there is one of the table for each account or one of the host.
 * Empty here: generated code adds the tables of its tree (`src/generated/app.ts`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface AccountTables {}
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface HostTables {}

/** Whose tables: each account has some of its own, the host has one set. */
export type AppScope = 'account' | 'host'

/** One step, that was or will be applied once, as it stands. */
export interface AppMigration {
  /** The name of its file: `0001-drafts`. */
  name: string
  /** SHA-256 of the text, in hex. */
  hash: string
  sql: string
}

/** In the order in which they are applied; only ever appended to. */
export type AppMigrations = Readonly<Record<AppScope, readonly AppMigration[]>>

let registered: AppMigrations = { account: [], host: [] }

/** Registers those of the project. */
export function useAppMigrations(migrations: AppMigrations): void {
  registered = migrations
}

export const appMigrations = (scope: AppScope): readonly AppMigration[] => registered[scope]

/** Tables that the object of an app's tables has itself. */
export const RESERVED_TABLES: ReadonlySet<string> = new Set([
  'schema_version',
  'restore_piece',
  'job',
])
