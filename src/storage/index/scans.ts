import type { ScannedPage } from '../account/records.ts'
import type { IndexedAccounts } from './accounts.ts'
import type { Definitions, IndexDefinition } from './definitions.ts'
import type { HiddenRecords } from './hidden-records.ts'
import type { RecordTables } from './records.ts'

/** A collection of an account that is to be read from its repository. */
export interface Scan {
  definition: IndexDefinition
  account: number
  did: string
  /** The key behind which it goes on. */
  after: string
  /** How often it was asked for: what was read for an earlier time does not count. */
  round: number
  /** How often it had been told of takedowns when the next page was asked for. */
  tellings: number
}

interface Parts {
  readonly definitions: Definitions
  readonly accounts: IndexedAccounts
  readonly records: RecordTables
  readonly hidden: HiddenRecords
}

/**
 * Reads of repositories: when a definition is new, and when an account's records changed without the log telling each of
 * them, as by an import. The log goes on meanwhile. What it removes is noted until the read is over, so that a page which
 * was read before does not bring it back.
 */
export class Scans {
  readonly #sql: SqlStorage
  readonly #parts: Parts

  constructor(sql: SqlStorage, parts: Parts) {
    this.#sql = sql
    this.#parts = parts
  }

  /** All collections of an account that are indexed are to be read; in a transaction of the caller's. */
  ask(did: string): void {
    const definitions = this.#parts.definitions.all()
    if (definitions.length === 0) return
    const account = this.#parts.accounts.ensure(did)
    for (const { id } of definitions) {
      this.#sql.exec(
        `INSERT INTO scan (definition, account, after, round) VALUES (?, ?, '', 0)
         ON CONFLICT (definition, account) DO UPDATE SET after = '', round = round + 1`,
        id,
        account,
      )
    }
  }

  /** Of an account that is deleted. */
  forget(account: number): void {
    for (const table of ['scan', 'removed']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE account = ?`, account)
    }
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM scan LIMIT 1').toArray().length === 0
  }

  /** Some that are to be read. */
  next(limit: number): Scan[] {
    return this.#sql
      .exec<{ definition: number; account: number; did: string; after: string; round: number }>(
        `SELECT definition, account, did, after, round FROM scan JOIN account ON account.id = scan.account LIMIT ?`,
        limit,
      )
      .toArray()
      .flatMap(({ definition: id, ...rest }) => {
        const definition = this.#parts.definitions.all().find((one) => one.id === id)
        return definition ? [{ definition, ...rest, tellings: this.#parts.hidden.tellings }] : []
      })
  }

  /** To be called in the transaction that removes a record because the log says so. */
  noteRemoved(
    { id, finishedAt }: IndexDefinition,
    account: number,
    rkey: string,
    rev: string,
  ): void {
    if (finishedAt !== null && !this.#isAsked(id, account)) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO removed (definition, account, rkey, rev) VALUES (?, ?, ?, ?)',
      ...[id, account, rkey, rev],
    )
  }

  /** Takes in a page; whether the read goes on behind it. Does nothing for an account or a definition that is gone meanwhile. */
  take(
    { definition, account, did, after, tellings }: Scan,
    { rev, records, more }: ScannedPage,
  ): boolean {
    const { accounts, definitions, records: tables, hidden: takedowns } = this.#parts
    const { id, hash } = definition
    const isStill = definitions.all().some((one) => one.id === id && one.hash === hash)
    if (!isStill || !accounts.isStill(account, did)) return false
    const found = new Set(records.map(({ rkey }) => rkey))
    const to = more ? records.at(-1)?.rkey : undefined
    tables.removeOthers(definition, account, { after, to, found, rev })
    const removed = this.#removedSince(definition.id, account, rev)
    const hidden = takedowns.pathsBefore(account, rev)
    for (const { takenDown, ...record } of records) {
      if (removed.has(record.rkey)) continue
      const path = `${definition.collection}/${record.rkey}`
      const owner = { id: account, did }
      if (takedowns.wasToldSince(account, path, tellings)) {
        const isHidden = takedowns.find(account, path) !== undefined
        tables.put(definition, owner, { ...record, rev }, isHidden)
        continue
      }
      if (takenDown) takedowns.set(account, path, rev)
      else if (hidden.has(path)) takedowns.remove(account, path)
      tables.put(definition, owner, { ...record, rev }, takenDown)
    }
    return to !== undefined
  }

  /**
   * Notes how far a read that was asked for has got, in the transaction that takes the page; unless it was asked for again.
   *
   * @param after undefined: it is over
   */
  noteProgress(
    { definition: { id, finishedAt }, account, round }: Scan,
    after: string | undefined,
  ): void {
    const which = 'definition = ? AND account = ? AND round = ?'
    if (after !== undefined) {
      this.#sql.exec(`UPDATE scan SET after = ? WHERE ${which}`, after, id, account, round)
      return
    }
    this.#sql.exec(`DELETE FROM scan WHERE ${which}`, id, account, round)
    if (finishedAt === null || this.#isAsked(id, account)) return
    this.#sql.exec('DELETE FROM removed WHERE definition = ? AND account = ?', id, account)
  }

  #isAsked(definition: number, account: number): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM scan WHERE definition = ? AND account = ?',
      definition,
      account,
    )
    return rows.toArray().length > 0
  }

  #removedSince(definition: number, account: number, rev: string): Set<string> {
    const rows = this.#sql.exec<{ rkey: string }>(
      'SELECT rkey FROM removed WHERE definition = ? AND account = ? AND rev > ?',
      ...[definition, account, rev],
    )
    return new Set(rows.toArray().map(({ rkey }) => rkey))
  }
}
