import { type CidBytes, cidBytes, equalBytes } from '../../kernel/cbor/cid.ts'
import { StorageError } from '../error.ts'
import { LIMIT } from '../sql.ts'
import { collectionNames } from './collections.ts'
import { latin1, type PackedRecords, packRecords } from './packed.ts'
import type { RecordTakedowns } from './record-takedowns.ts'
import { PIECE, wholeBlock } from './split-blocks.ts'
import type { StoredPage, StoredRecord } from './stored.ts'

/**
 * Bytes of records in one answer. An RPC message may have 32 MiB, an isolate has 128 MB, and a page is there
 * several times: as it was read, as it is sent, as JSON text. A record that is larger comes alone.
 */
export const MAX_ANSWER_BYTES = 2 * 1024 * 1024

export interface ListOptions {
  collection: string
  /** Rows at most. */
  limit: number
  /** Continue after this rkey, exclusive. */
  cursor?: string
  /** Oldest rkey first instead of newest first. */
  reverse?: boolean
}

/** Records that the host's index reads at once. */
const SCANNED_AT_ONCE = 500

/** A stretch of one collection, for the host's index. */
export interface ScannedPage {
  /** Rev of the repository when it was read. */
  rev: string
  records: ScannedRecord[]
  /** Whether there are more behind the last of them. */
  more: boolean
}

export interface ScannedRecord extends StoredRecord {
  /** Whether it was taken down, and only whoever asks for blocks gets it. */
  takenDown: boolean
}

type Row = { path: string; cid: ArrayBuffer; block: ArrayBuffer }

type Concatenated = {
  count: number
  rkeys: string | null
  lengths: string | null
  longest: number | null
  bytes: ArrayBuffer | null
}

/**
 * Reads the records of one repository. Who asks for records does not get those that were taken down; who asks for blocks
 * of the repository does.
 */
export class RecordReader {
  readonly #sql: SqlStorage
  readonly #takedowns: RecordTakedowns
  /** Collections that have had a page with more than an answer holds. */
  readonly #large = new Set<string>()

  constructor(sql: SqlStorage, takedowns: RecordTakedowns) {
    this.#sql = sql
    this.#takedowns = takedowns
  }

  /** The record at a path, taken down or not, or undefined; reads one row. */
  getByPath(path: string): StoredRecord | undefined {
    return this.#at(path, '')
  }

  /**
   * The record at a path, in the version `cid` where it is given; one that was taken down is not found.
   *
   * @throws StorageError `RecordNotFound`
   */
  get(collection: string, rkey: string, cid?: string): StoredRecord {
    const record = this.#at(`${collection}/${rkey}`, this.#takedowns.visible)
    if (!record || (cid !== undefined && !equalBytes(record.cid, cidBytes(cid)))) {
      throw new StorageError('RecordNotFound', `Could not locate record: ${collection}/${rkey}`)
    }
    return record
  }

  /** Any record with this CID, taken down or not; reads two rows. */
  getByCid(cid: CidBytes): StoredRecord | undefined {
    const row = this.#sql
      .exec<Row>('SELECT path, cid, block FROM record WHERE cid = ? LIMIT 1', cid)
      .toArray()[0]
    return row && this.#toRecord(row)
  }

  /**
   * One page of a collection, which ends at `MAX_ANSWER_BYTES`; reads as many rows as it returns, or one more, and those
   * in between that were taken down, twice.
   */
  list(options: ListOptions): StoredPage {
    const rows = this.#sql.exec<Row>(...this.#page(options))
    const records: StoredRecord[] = []
    let bytes = 0
    for (const row of rows) {
      bytes += row.block.byteLength
      if (bytes > MAX_ANSWER_BYTES && records.length > 0) return { records, more: true }
      records.push(this.#toRecord(row))
    }
    return { records, more: records.length === options.limit }
  }

  /**
   * The same as one message. SQLite puts it together, which takes half as long as to hand over row by row; a page that is
   * as large as one may be is read again, and the collection row by row from then on: of a hundred records of a megabyte
   * SQLite reads each to its end before it can say that they are too much.
   */
  listPacked(options: ListOptions): PackedRecords {
    const { collection } = options
    const packed = this.#large.has(collection) ? undefined : this.#concatenate(options)
    if (packed) return packed
    if (this.#large.size >= MAX_COLLECTIONS) this.#large.clear()
    this.#large.add(collection)
    return packRecords(this.list(options))
  }

  /** undefined: the page is too large. */
  #concatenate(options: ListOptions): PackedRecords | undefined {
    const [page, ...bindings] = this.#page(options)
    try {
      const { count, rkeys, lengths, longest, bytes } = this.#sql
        .exec<Concatenated>(
          `SELECT count(*) AS count, group_concat(substr(path, ?), '/') AS rkeys,
             group_concat(length(block)) AS lengths, max(length(block)) AS longest,
             CAST(group_concat(cid || block, '') AS BLOB) AS bytes
           FROM (${page})`,
          options.collection.length + 2,
          ...bindings,
        )
        .one()
      if (!bytes) return { rkeys: '', lengths: '', bytes: '', more: false }
      // Of such a block there may be more in another table.
      if (longest === PIECE || bytes.byteLength > MAX_ANSWER_BYTES) return undefined
      const more = count === options.limit
      return {
        rkeys: rkeys ?? '',
        lengths: lengths ?? '',
        bytes: latin1(new Uint8Array(bytes)),
        more,
      }
    } catch (error) {
      // SQLITE_TOOBIG: the platform has a limit to what is one value.
      if (error instanceof Error && error.message.includes('too big')) return undefined
      throw error
    }
  }

  /** The statement that reads a page, and its bindings. */
  #page({ collection, limit, cursor, reverse }: ListOptions): [string, string, string, number] {
    // '0' is the character after '/': the range holds the paths of this collection and no others.
    const from = reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}/`
    const to = !reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}0`
    const statement = `SELECT path, cid, block FROM record
      WHERE path > ? AND path < ? ${this.#takedowns.visible}
      ORDER BY path ${reverse ? 'ASC' : 'DESC'} ${LIMIT}`
    return [statement, from, to, limit]
  }

  /** A stretch of a collection in order of keys, with those that were taken down, for the host's index. */
  scan(collection: string, after: string): Omit<ScannedPage, 'rev'> {
    const rows = this.#sql.exec<Row & { taken_down: number }>(
      `SELECT path, cid, block,
         EXISTS (SELECT 1 FROM record_takedown WHERE record_takedown.path = record.path) AS taken_down
       FROM record WHERE path > ? AND path < ? ORDER BY path LIMIT ${SCANNED_AT_ONCE}`,
      `${collection}/${after}`,
      `${collection}0`,
    )
    const records: ScannedPage['records'] = []
    let bytes = 0
    for (const row of rows) {
      bytes += row.block.byteLength
      if (bytes > MAX_ANSWER_BYTES && records.length > 0) return { records, more: true }
      records.push({ ...this.#toRecord(row), takenDown: row.taken_down === 1 })
    }
    return { records, more: records.length === SCANNED_AT_ONCE }
  }

  /**
   * The collections that hold at least one record that may be read, in order, at most `MAX_COLLECTIONS`: skips from one
   * to the next, a row for each.
   */
  collections(): string[] {
    return this.#sql
      .exec<{ name: string }>(collectionNames('LIMIT ?1', this.#takedowns.visible), MAX_COLLECTIONS)
      .toArray()
      .map(({ name }) => name)
  }

  #at(path: string, condition: string): StoredRecord | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT path, cid, block FROM record WHERE path = ? ${condition}`, path)
      .toArray()[0]
    return row && this.#toRecord(row)
  }

  #toRecord({ path, cid, block }: Row): StoredRecord {
    const bytes = new Uint8Array(cid)
    return {
      rkey: path.slice(path.indexOf('/') + 1),
      cid: bytes,
      block: wholeBlock(this.#sql, bytes, block),
    }
  }
}

/** Anybody may ask for the list, and it has no pages. */
const MAX_COLLECTIONS = 1000
