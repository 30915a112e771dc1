import type { CidBytes } from '../../kernel/cbor/cid.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import type { SqlBinding } from '../sql.ts'
import type { IndexDefinition } from './definitions.ts'
import { type IndexSpec, isStored, searchName, tableName, toKey, valueAt } from './spec.ts'

/** A record as an index takes it. */
export interface IndexedRecord {
  rkey: string
  cid: CidBytes
  /** The rev of the repository as of which this is so. */
  rev: string
  /** DAG-CBOR. */
  block: Uint8Array
}

/** Whose record it is: the account's number in this database, and its DID. */
export interface RecordOwner {
  id: number
  did: string
}

/** Characters of one text that are searched. */
const MAX_SEARCHED = 100_000

/**
 * Writes the records of one definition's tables. What is newer, by rev, wins: the log and a scan of a repository may tell
 * of the same record, in any order.
 */
export class RecordTables {
  readonly #sql: SqlStorage

  readonly #overwrites: boolean
  /** Those of `put`, by definition. */
  readonly #statements = new Map<string, string>()

  /** @param overwrites whether records of deleted accounts are overwritten first: on a disk that others may read */
  constructor(sql: SqlStorage, overwrites: boolean) {
    this.#sql = sql
    this.#overwrites = overwrites
  }

  /** Costs a row, one for each index that the record is in, and what its words take. */
  put(
    { id, hash, spec }: IndexDefinition,
    owner: RecordOwner,
    { rkey, cid, rev, block }: IndexedRecord,
    hidden: boolean,
  ): void {
    const text = recordToJson(block)
    const json: unknown = text === undefined ? undefined : JSON.parse(text)
    const keys = spec.columns.flatMap((column) =>
      isStored(column) ? [toKey(column.kind, valueAt(json, column.path))] : [],
    )
    const values: SqlBinding[] = [
      ...[owner.id, owner.did, rkey, cid, rev, hidden ? 1 : 0, block],
      ...keys,
    ]
    const statement = this.#putStatement(`${id} ${hash}`, id, spec)
    const [row] = this.#sql.exec<{ id: number }>(statement, ...values).toArray()
    if (!row || spec.search.length === 0) return
    const words = spec.search.map((path) => {
      const value = valueAt(json, path)
      return typeof value === 'string' ? value.slice(0, MAX_SEARCHED) : ''
    })
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${searchName(id)} (rowid, ${words.map((_, at) => `t${at}`).join(', ')})
       VALUES (?, ${words.map(() => '?').join(', ')})`,
      row.id,
      ...words,
    )
  }

  #putStatement(name: string, id: number, spec: IndexSpec): string {
    const known = this.#statements.get(name)
    if (known !== undefined) return known
    const keys = spec.columns.flatMap((column, at) => (isStored(column) ? [`k${at}`] : []))
    const names = ['account', 'did', 'rkey', 'cid', 'rev', 'hidden', 'block', ...keys]
    const changes = names.slice(3).map((column) => `${column} = excluded.${column}`)
    const statement = `INSERT INTO ${tableName(id)} (${names.join(', ')})
      VALUES (${names.map(() => '?').join(', ')})
      ON CONFLICT (account, rkey) DO UPDATE SET ${changes.join(', ')}
      WHERE excluded.rev >= rev RETURNING id`
    this.#statements.set(name, statement)
    return statement
  }

  /** @param before the record goes unless it was written after this rev */
  remove({ id, spec }: IndexDefinition, account: number, rkey: string, before: string): void {
    this.#forget(
      id,
      spec.search.length > 0,
      this.#sql.exec<{ id: number }>(
        `DELETE FROM ${tableName(id)} WHERE account = ? AND rkey = ? AND rev <= ? RETURNING id`,
        account,
        rkey,
        before,
      ),
    )
  }

  /**
   * Removes what a scan did not find between two keys, and was not written since.
   *
   * @param to the last key of the stretch; undefined: all that come after
   */
  removeOthers(
    { id, spec }: IndexDefinition,
    account: number,
    {
      after,
      to,
      found,
      rev,
    }: { after: string; to: string | undefined; found: ReadonlySet<string>; rev: string },
  ): void {
    const gone = this.#sql
      .exec<{ rkey: string }>(
        `SELECT rkey FROM ${tableName(id)} WHERE account = ? AND rkey > ? AND rkey <= ? AND rev <= ?`,
        account,
        after,
        to ?? LAST,
        rev,
      )
      .toArray()
      .filter(({ rkey }) => !found.has(rkey))
    for (const { rkey } of gone) this.remove({ id, spec } as IndexDefinition, account, rkey, rev)
  }

  setHidden({ id }: IndexDefinition, account: number, rkey: string, hidden: boolean): void {
    this.#sql.exec(
      `UPDATE ${tableName(id)} SET hidden = ? WHERE account = ? AND rkey = ?`,
      hidden ? 1 : 0,
      account,
      rkey,
    )
  }

  /**
   * Removes some records of an account.
   *
   * @returns whether there may be more
   */
  removeSome({ id, spec }: IndexDefinition, account: number, limit: number): boolean {
    const some = `id IN (SELECT id FROM ${tableName(id)} WHERE account = ? ORDER BY rkey LIMIT ?)`
    if (this.#overwrites) {
      // SQLite leaves the bytes of rows that are deleted in the file; a row that stays as long is written in its place.
      this.#sql.exec(
        `UPDATE ${tableName(id)} SET block = zeroblob(length(block)) WHERE ${some}`,
        account,
        limit,
      )
    }
    const removed = this.#forget(
      id,
      spec.search.length > 0,
      this.#sql.exec<{ id: number }>(
        `DELETE FROM ${tableName(id)} WHERE ${some} RETURNING id`,
        account,
        limit,
      ),
    )
    return removed === limit
  }

  #forget(id: number, searched: boolean, rows: Iterable<{ id: number }>): number {
    const removed = [...rows]
    if (searched) {
      for (const row of removed)
        this.#sql.exec(`DELETE FROM ${searchName(id)} WHERE rowid = ?`, row.id)
    }
    return removed.length
  }
}

/** Comes after all record keys, which are ASCII. */
const LAST = '\u{7f}'
