import { StorageError } from '../error.ts'
import type { IndexedAccounts } from './accounts.ts'
import { addCondition, type KeyCondition, type KeyValue } from './conditions.ts'
import { makeCursor, readCursor } from './cursor.ts'
import type { Definitions, IndexDefinition } from './definitions.ts'
import { columnsOf, conditionOf, indexName, searchName, tableName } from './spec.ts'
import { toMatch } from './words.ts'

/** Which rows of an index: equal on its first places, and on the next one a range, if any. */
export interface IndexSelection {
  collection: string
  index: string
  where?: Readonly<Record<string, KeyCondition>>
}

export interface PageQuery extends IndexSelection {
  limit: number
  cursor?: string
  reverse?: boolean
}

/** A record of an index as it is stored. */
export interface IndexRow {
  did: string
  rkey: string
  cid: Uint8Array
  block: Uint8Array
}

export interface IndexPage {
  rows: IndexRow[]
  /** Where the next page begins; undefined: this is the last. */
  cursor?: string
}

/** Records on a page, at most. */
export const MAX_PAGE = 100

/** Bytes of records in one answer, as everywhere (`src/storage/account/records.ts`). */
const MAX_BYTES = 2 * 1024 * 1024

/** Matches of a search that can be paged through: those before are counted for each page. */
const MAX_OFFSET = 10_000

/** Rows that are looked at for one page, as those of accounts that may not be seen are left out. */
const MAX_SCANNED = 1_000

type Row = {
  id: number
  account: number
  did: string
  rkey: string
  cid: ArrayBuffer
  block: ArrayBuffer
}

/** Answers from the tables of definitions that are filled. */
export class IndexQueries {
  readonly #sql: SqlStorage
  readonly #definitions: Definitions
  readonly #accounts: IndexedAccounts

  constructor(sql: SqlStorage, definitions: Definitions, accounts: IndexedAccounts) {
    this.#sql = sql
    this.#definitions = definitions
    this.#accounts = accounts
  }

  /**
   * One page, in the order of the index. Reads a row for each record.
   *
   * @throws StorageError `IndexNotReady` (503), `InvalidRequest` for a cursor that is none of this index
   */
  page(
    { limit, cursor, reverse = false, ...selection }: PageQuery,
    maxBytes = MAX_BYTES,
  ): IndexPage {
    const { definition, position, columns, conditions, values } = this.#select(selection)
    const table = tableName(definition.id)
    const order = [...columns, 'rkey', 'account']
    const after = cursor === undefined ? undefined : readCursor(cursor, order.length)
    if (after) {
      conditions.push(
        `(${order.join(', ')}) ${reverse ? '<' : '>'} (${order.map(() => '?').join(', ')})`,
      )
      values.push(...after)
    }
    const direction = reverse ? 'DESC' : 'ASC'
    const wanted = between(1, limit, MAX_PAGE)
    const found = this.#sql.exec<Row & Record<string, string | number | ArrayBuffer>>(
      `SELECT id, account, did, rkey, cid, block${columns.map((name) => `, ${name}`).join('')}
       FROM ${table} INDEXED BY ${indexName(definition.id, position)}
       WHERE ${conditions.join(' AND ')}
       ORDER BY ${order.map((name) => `${name} ${direction}`).join(', ')} LIMIT ${MAX_SCANNED}`,
      ...values,
    )
    const rows: IndexRow[] = []
    let bytes = 0
    let scanned = 0
    let last: Record<string, string | number | ArrayBuffer> | undefined
    for (const row of found) {
      scanned++
      last = row
      if (!this.#accounts.mayBeSeen(row.account)) continue
      rows.push(toRow(row))
      bytes += row.block.byteLength
      if (rows.length === wanted || bytes >= maxBytes) {
        return { rows, cursor: makeCursor(order.map((name) => row[name] as string | number)) }
      }
    }
    if (scanned < MAX_SCANNED || !last) return { rows }
    const at = last
    return { rows, cursor: makeCursor(order.map((name) => at[name] as string | number)) }
  }

  /** How many there are, but no more than `max`. Reads a row for each. */
  count(selection: IndexSelection, max: number): number {
    const { definition, position, conditions, values } = this.#select(selection)
    if (this.#accounts.hiddenCount > 0) {
      conditions.push("account NOT IN (SELECT id FROM account WHERE state <> 'active')")
    }
    return this.#sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM (
           SELECT 1 FROM ${tableName(definition.id)} INDEXED BY ${indexName(definition.id, position)}
           WHERE ${conditions.join(' AND ')} LIMIT ?)`,
        ...values,
        between(0, max, Number.MAX_SAFE_INTEGER),
      )
      .one().n
  }

  /** A page and a count for each of some values of the first place; all pages together end where one would. */
  group(
    query: PageQuery,
    values: readonly KeyValue[],
    max: number,
  ): { page: IndexPage; count: number }[] {
    const spec = this.#definitions.of(query.collection).at(-1)?.spec
    const first = spec?.columns[spec.indexes[query.index]?.[0] ?? -1]?.path ?? ''
    let left = MAX_BYTES
    return values.map((value) => {
      const one = { ...query, where: { [first]: value } }
      const page = query.limit > 0 && left > 0 ? this.page(one, left) : { rows: [] }
      for (const { block } of page.rows) left -= block.byteLength
      return { page, count: this.count(one, max) }
    })
  }

  /** Records by their addresses, those that are there and may be seen. Reads a row for each, and one for each account. */
  get(collection: string, addresses: readonly { did: string; rkey: string }[]): IndexRow[] {
    const definition = this.#serving(collection, () => true)
    const rows: IndexRow[] = []
    let bytes = 0
    for (const { did, rkey } of addresses) {
      const account = this.#accounts.find(did)
      if (account?.state !== 'active') continue
      const [row] = this.#sql
        .exec<Row>(
          `SELECT id, account, did, rkey, cid, block FROM ${tableName(definition.id)}
           WHERE account = ? AND rkey = ? AND hidden = 0`,
          account.id,
          rkey,
        )
        .toArray()
      if (!row) continue
      bytes += row.block.byteLength
      if (bytes > MAX_BYTES && rows.length > 0) break
      rows.push(toRow(row))
    }
    return rows
  }

  /** Records with these words, the best first. Reads a row for each, and what the words take. */
  search(collection: string, text: string, limit: number, offset: number): IndexPage {
    const definition = this.#serving(collection, ({ spec }) => spec.search.length > 0)
    const match = toMatch(text)
    if (match === '') return { rows: [] }
    const wanted = between(1, limit, MAX_PAGE)
    const ids = this.#sql
      .exec<{ rowid: number }>(
        `SELECT rowid FROM ${searchName(definition.id)} WHERE ${searchName(definition.id)} MATCH ?
         ORDER BY rank, rowid LIMIT ? OFFSET ?`,
        match,
        wanted + 1,
        offset,
      )
      .toArray()
    const rows: IndexRow[] = []
    let bytes = 0
    let seen = 0
    for (const { rowid } of ids.slice(0, wanted)) {
      if (bytes >= MAX_BYTES) break
      seen++
      const [row] = this.#sql
        .exec<Row>(
          `SELECT id, account, did, rkey, cid, block FROM ${tableName(definition.id)}
           WHERE id = ? AND hidden = 0`,
          rowid,
        )
        .toArray()
      if (!row || !this.#accounts.mayBeSeen(row.account)) continue
      bytes += row.block.byteLength
      rows.push(toRow(row))
    }
    const next = offset + seen
    return { rows, ...(ids.length > seen && next < MAX_OFFSET && { cursor: String(next) }) }
  }

  /** The definition that serves, if what is asked for is the same in it as in the newest. */
  #serving(collection: string, suits: (definition: IndexDefinition) => boolean): IndexDefinition {
    const found = this.#definitions
      .of(collection)
      .find((definition) => definition.state === 'live' && suits(definition))
    if (found) return found
    throw new StorageError(
      'IndexNotReady',
      `The index of ${collection} is being built: try again`,
      503,
    )
  }

  #select({ collection, index, where = {} }: IndexSelection) {
    const newest = this.#definitions.of(collection).at(-1)
    const wanted = newest && pathsOf(newest, index)
    const definition = this.#serving(collection, (one) => pathsOf(one, index) === wanted)
    const { spec, id } = definition
    const position = Object.keys(spec.indexes).indexOf(index)
    if (position < 0) throw new TypeError(`${collection} has no index ${index}`)
    const conditions = [conditionOf(spec, index)]
    const values: (string | number)[] = []
    const columns = columnsOf(spec, index)
    let left = Object.values(where).filter((condition) => condition !== undefined).length
    for (const [place, name] of columns.entries()) {
      const key = spec.columns[spec.indexes[index]?.[place] ?? -1]
      const condition = key && where[key.path]
      if (!key || condition === undefined) break
      addCondition(key, name, condition, conditions, values)
      left--
      // What comes after a range is in no order.
      if (typeof condition === 'object') break
    }
    if (left > 0) {
      throw new TypeError(
        `${index}: conditions are on its first places, in order, and only the last of them is a range`,
      )
    }
    return { definition, id, position, columns, conditions, values }
  }
}

/** What an index is made of, to compare. */
const pathsOf = ({ spec }: IndexDefinition, index: string): string | undefined => {
  const places = spec.indexes[index]
  return places && JSON.stringify(places.map((at) => spec.columns[at]))
}

/** A whole number within bounds, whatever a handler was given. */
const between = (least: number, value: number, most: number): number =>
  Math.max(least, Math.min(Math.trunc(value) || 0, most))

const toRow = ({ did, rkey, cid, block }: Row): IndexRow => ({
  did,
  rkey,
  cid: new Uint8Array(cid),
  block: new Uint8Array(block),
})
