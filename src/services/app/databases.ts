/** The tables of `src/app/`, as handlers, hooks and jobs use them. */
import type { AccountTables, HostTables } from '../../kernel/app-tables.ts'
import type { AppResult, AppRow, AppStatement, AppValue } from '../../storage/app/tables.ts'
import type { HostObjects } from '../objects/stubs.ts'

/** What a parameter of a statement may be; true and false are stored as 1 and 0. */
export type AppParameter = AppValue | Uint8Array | boolean

/** The type of the rows of `SELECT * FROM <table> …`, as far as that can be read from the statement. */
export type RowOf<Tables, Sql extends string> = Sql extends `SELECT * FROM ${infer Rest}`
  ? FirstWord<Rest> extends keyof Tables
    ? Tables[FirstWord<Rest>]
    : AppRow
  : AppRow

type FirstWord<Text extends string> = Text extends `${infer Word} ${string}` ? Word : Text

/**
 * Tables of one account, or of the host. Values come as parameters, never as part of the text: `?` in the statement, in
 * order. Each call is one round trip and one transaction.
 */
export interface AppDatabase<Tables> {
  /**
   * All rows that a statement gives, 1,000 at most.
   *
   * @throws XRPCError `QuotaExceeded`; `RepoNotFound` where there is no such account
   */
  all<const Sql extends string>(
    sql: Sql,
    ...parameters: AppParameter[]
  ): Promise<RowOf<Tables, Sql>[]>
  all<Row extends object>(sql: string, ...parameters: AppParameter[]): Promise<Row[]>
  /** The first row; undefined: there is none. */
  first<const Sql extends string>(
    sql: Sql,
    ...parameters: AppParameter[]
  ): Promise<RowOf<Tables, Sql> | undefined>
  first<Row extends object>(sql: string, ...parameters: AppParameter[]): Promise<Row | undefined>
  /** Runs a statement. @returns how many rows it has inserted, updated or deleted */
  run(sql: string, ...parameters: AppParameter[]): Promise<number>
  /** Runs up to 100 statements in one transaction: all of them or none. @returns the rows of each */
  batch(
    statements: readonly (readonly [sql: string, ...parameters: AppParameter[]])[],
  ): Promise<AppRow[][]>
}

export interface AppDatabases {
  /** Tables that each account has some of its own of (`src/app/account/`). */
  account(did: string): AppDatabase<AccountTables>
  /** Tables that there is one of (`src/app/host/`). */
  readonly host: AppDatabase<HostTables>
}

export const appDatabases = (objects: Pick<HostObjects, 'appTables'>): AppDatabases => ({
  account: (did) => database(objects, did),
  host: database(objects, undefined),
})

function database<Tables>(
  objects: Pick<HostObjects, 'appTables'>,
  owner: string | undefined,
): AppDatabase<Tables> {
  const run = (statements: AppStatement[]): Promise<AppResult[]> =>
    objects.appTables(owner).tables.run(owner, statements)
  const rows = async (sql: string, parameters: AppParameter[]) =>
    (await run([statement(sql, parameters)]))[0]?.rows ?? []
  return {
    all: async (sql: string, ...parameters: AppParameter[]) =>
      (await rows(sql, parameters)) as never,
    first: async (sql: string, ...parameters: AppParameter[]) =>
      (await rows(sql, parameters))[0] as never,
    run: async (sql, ...parameters) => (await run([statement(sql, parameters)]))[0]?.changes ?? 0,
    batch: async (statements) =>
      (await run(statements.map(([sql, ...parameters]) => statement(sql, parameters)))).map(
        (result) => result.rows,
      ),
  }
}

const statement = (sql: string, parameters: readonly AppParameter[]): AppStatement => [
  sql,
  ...parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value)),
]
