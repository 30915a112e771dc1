import { StorageError } from '../error.ts'
import { LIMIT } from '../sql.ts'
import type { IndexedAccounts } from './accounts.ts'
import { addCondition, type KeyValue } from './conditions.ts'
import { makeCursor, readCursor } from './cursor.ts'
import type { Definitions, IndexDefinition } from './definitions.ts'
import type { Key } from './order.ts'
import {
  between,
  type IndexPage,
  type IndexRow,
  type IndexSelection,
  type KeyedRow,
  MAX_BYTES,
  MAX_OFFSET,
  MAX_PAGE,
  type PageQuery,
  type RankedPage,
  type RankedRow,
  type ShardPage,
} from './pages.ts'
import { type Row, toRow } from './row.ts'
import { columnsOf, conditionOf, indexName, orderOf, searchName, tableName } from './spec.ts'
import { toMatch } from './words.ts'

/** Rows that are looked at for one page, as those of accounts that may not be seen are left out. */
const MAX_SCANNED = 1_000

/** Rows that are read at once: so few are read in vain when there is no room for more. */
const AT_ONCE = 25

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
  page(query: PageQuery, maxBytes = MAX_BYTES): IndexPage {
    const rows: IndexRow[] = []
    const end = this.#scan(query, maxBytes, (row) => rows.push(toRow(row)))
    return { rows, ...(end && { cursor: makeCursor(end) }) }
  }

  /** The same with the place of each record, for whoever puts together what several objects have. */
  keyedPage(query: PageQuery, maxBytes: number): ShardPage {
    const rows: KeyedRow[] = []
    const end = this.#scan(query, maxBytes, (row, key) => rows.push({ ...toRow(row), key: key() }))
    return { rows, ...(end && { end }) }
  }

  /** @returns behind what the next page begins; undefined: that was all */
  #scan(
    { limit, cursor, reverse = false, ...selection }: PageQuery,
    maxBytes: number,
    found: (row: Row, key: () => Key) => void,
  ): Key | undefined {
    const { definition, position, order, conditions, values } = this.#select(selection)
    const direction = reverse ? 'DESC' : 'ASC'
    const behind = `(${order.join(', ')}) ${reverse ? '<' : '>'} (${order.map(() => '?').join(', ')})`
    const read = (after: Key | undefined, size: number) =>
      this.#sql.exec<Row & Record<string, string | number | ArrayBuffer>>(
        `SELECT id, account, did, rkey, cid, block${order.flatMap((name) => (/^k\d/.test(name) ? `, ${name}` : [])).join('')}
         FROM ${tableName(definition.id)} INDEXED BY ${indexName(definition.id, position)}
         WHERE ${[...conditions, ...(after ? [behind] : [])].join(' AND ')}
         ORDER BY ${order.map((name) => `${name} ${direction}`).join(', ')} ${LIMIT}`,
        ...values,
        ...(after ?? []),
        size,
      )
    const wanted = between(1, limit, MAX_PAGE)
    let taken = 0
    let bytes = 0
    let end = cursor === undefined ? undefined : this.#readCursor(cursor, order)
    for (let scanned = 0; scanned < MAX_SCANNED; ) {
      const isFull = () => taken >= wanted || bytes >= maxBytes
      const left = this.#accounts.hiddenCount > 0 ? AT_ONCE : wanted - taken
      const size = Math.min(left, AT_ONCE)
      let count = 0
      let last = end
      // To its end, even if there is no room for the last ones: while a read is open, no table can be dropped.
      for (const row of read(end, size)) {
        count++
        if (isFull()) continue
        const key = order.map((name) => row[name] as string | number)
        last = key
        if (!this.#accounts.mayBeSeen(row.account)) continue
        found(row, () => key)
        taken++
        bytes += row.block.byteLength
      }
      scanned += count
      end = last
      if (isFull()) return end
      if (count < size) return undefined
    }
    return end
  }

  /** One that an earlier release gave ends with the number of an account. */
  #readCursor(cursor: string, order: readonly string[]): Key {
    const key = readCursor(cursor, order.length)
    const owner = key.at(-1)
    if (order.at(-1) !== 'did' || typeof owner !== 'number') return key
    return [...key.slice(0, -1), this.#accounts.didOf(owner) ?? '']
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
    let left = MAX_BYTES
    return this.#equal(query, values).map((one) => {
      const page = query.limit > 0 && left > 0 ? this.page(one, left) : { rows: [] }
      for (const { block } of page.rows) left -= block.byteLength
      return { page, count: this.count(one, max) }
    })
  }

  /** The same with the place of each record; a page of which nothing was looked at says so. */
  keyedGroup(
    query: PageQuery,
    values: readonly KeyValue[],
    max: number,
    maxBytes: number,
  ): { page: ShardPage; count: number }[] {
    let left = maxBytes
    return this.#equal(query, values).map((one) => {
      const page = query.limit > 0 && left > 0 ? this.keyedPage(one, left) : { rows: [], end: [] }
      for (const { block } of page.rows) left -= block.byteLength
      return { page, count: this.count(one, max) }
    })
  }

  #equal(query: PageQuery, values: readonly KeyValue[]): PageQuery[] {
    const spec = this.#definitions.of(query.collection).at(-1)?.spec
    const first = spec?.columns[spec.indexes[query.index]?.[0] ?? -1]?.path ?? ''
    return values.map((value) => ({ ...query, where: { [first]: value } }))
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
    const { rows, next, more } = this.rankedSearch(collection, text, limit, offset, MAX_BYTES)
    return {
      rows: rows.map(({ rank: _, next: __, ...row }) => row),
      ...(more && next < MAX_OFFSET && { cursor: String(next) }),
    }
  }

  /** The same with the rank of each record among those of this object. */
  rankedSearch(
    collection: string,
    text: string,
    limit: number,
    offset: number,
    maxBytes: number,
  ): RankedPage {
    const definition = this.#serving(collection, ({ spec }) => spec.search.length > 0)
    const match = toMatch(text)
    if (match === '') return { rows: [], from: offset, next: offset, more: false }
    const wanted = between(1, limit, MAX_PAGE)
    const ids = this.#sql
      .exec<{ rowid: number; rank: number }>(
        `SELECT rowid, rank FROM ${searchName(definition.id)} WHERE ${searchName(definition.id)} MATCH ?
         ORDER BY rank, rowid LIMIT ? OFFSET ?`,
        match,
        wanted + 1,
        offset,
      )
      .toArray()
    const rows: RankedRow[] = []
    let bytes = 0
    let next = offset
    for (const { rowid, rank } of ids.slice(0, wanted)) {
      if (bytes >= maxBytes) break
      next++
      const [row] = this.#sql
        .exec<Row>(
          `SELECT id, account, did, rkey, cid, block FROM ${tableName(definition.id)}
           WHERE id = ? AND hidden = 0`,
          rowid,
        )
        .toArray()
      if (!row || !this.#accounts.mayBeSeen(row.account)) continue
      bytes += row.block.byteLength
      rows.push({ ...toRow(row), rank, next })
    }
    return { rows, from: offset, next, more: ids.length > next - offset }
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
    return { definition, id, position, order: orderOf(spec, index), conditions, values }
  }
}

/** What an index is made of, to compare. */
const pathsOf = ({ spec }: IndexDefinition, index: string): string | undefined => {
  const places = spec.indexes[index]
  return places && JSON.stringify(places.map((at) => spec.columns[at]))
}
