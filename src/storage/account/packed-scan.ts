/**
 * Sorted scans of blocks for an export. SQLite packs many rows into one, so that JavaScript is not called for each: a row
 * of its own takes 3.5 µs, most of it for objects, a packed one less than one.
 */
import { CID_LENGTH } from '../../kernel/cbor/cid.ts'
import { wholeBlock } from './split-blocks.ts'

/** Most rows of one read, and most bytes of a block that is packed: a packed row has at most half of what one may have. */
const ROWS = 256
const PACKED = 4096

/** What is scanned: one layer of the tree, or the records. */
export interface Scanned {
  /** Its tables: the current one, and that of the snapshot where there is one. */
  tables: readonly [current: string, kept?: string]
  /** The column with the key, and what else holds for its rows. */
  key: string
  where?: string
  /** Where the pieces of large blocks are. */
  pieces: 'block_part' | 'import_block_part'
}

type Batch = { keys: string | null; sizes: string | null; bytes: ArrayBuffer | null }

/** The rows of a snapshot by key; may be left alone between any two of them, while commits go on. */
export class PackedScan {
  /** Of the row that comes next; undefined at the end. */
  key: string | undefined
  readonly #sql: SqlStorage
  readonly #scanned: Scanned
  readonly #query: string
  readonly #rev: string
  readonly #since: string
  #keys: readonly string[] = []
  #sizes: readonly string[] = []
  #bytes = new Uint8Array()
  /** The next row, and where in the bytes it is. */
  #at = 0
  #offset = 0

  /** Of the rows up to `rev` that are newer than `since`. */
  constructor(sql: SqlStorage, scanned: Scanned, rev: string, since: string) {
    this.#sql = sql
    this.#scanned = scanned
    this.#query = queryOf(scanned)
    this.#rev = rev
    this.#since = since
    // The empty tree has a node with the key '', every other key is greater.
    this.#read('', 1)
  }

  /** CID of the row that comes next. */
  get cid(): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#offset + CID_LENGTH)
  }

  /** CID and block of the row that comes next, one behind the other; valid until `advance`. */
  content(): Uint8Array {
    const { cid } = this
    const size = Number(this.#sizes[this.#at])
    if (size <= PACKED) {
      return this.#bytes.subarray(this.#offset, this.#offset + CID_LENGTH + size)
    }
    const block = this.#large(cid)
    const content = new Uint8Array(CID_LENGTH + block.byteLength)
    content.set(cid)
    content.set(block, CID_LENGTH)
    return content
  }

  advance(): void {
    const size = Number(this.#sizes[this.#at])
    this.#offset += CID_LENGTH + (size <= PACKED ? size : 0)
    this.#at++
    if (this.#at < this.#keys.length) this.key = this.#keys[this.#at]
    else if (this.#keys.length < ROWS) this.key = undefined
    else this.#read(this.key ?? '', 0)
  }

  /** A block that was not packed. Its row may have been copied since; what has its CID is the same. */
  #large(cid: Uint8Array): Uint8Array {
    const { tables, key } = this.#scanned
    const queries = tables.map(
      (table) => `SELECT block FROM ${table} WHERE ${key} = ?1 AND cid = ?2`,
    )
    const { block } = this.#sql
      .exec<{ block: ArrayBuffer }>(`${queries.join(' UNION ALL ')} LIMIT 1`, this.key ?? '', cid)
      .one()
    return wholeBlock(this.#sql, cid, block, this.#scanned.pieces)
  }

  /** Reads on from a key. @param inclusive 1: its row counts, too */
  #read(from: string, inclusive: 0 | 1): void {
    const { keys, sizes, bytes } = this.#sql
      .exec<Batch>(this.#query, from, inclusive, this.#rev, this.#since)
      .one()
    this.#keys = keys === null ? [] : keys.split('\n')
    this.#sizes = sizes === null ? [] : sizes.split(',')
    this.#bytes = new Uint8Array(bytes ?? new ArrayBuffer())
    this.#at = 0
    this.#offset = 0
    this.key = this.#keys[0]
  }
}

/**
 * Parameters: key to start from, whether it is included, newest rev, oldest rev (exclusive). Blobs are put together as
 * texts, which SQLite does not look into, and no key has a line end. Which blocks are packed is decided where the rows are
 * read: what is selected there is read whole, also from the pages that a large block goes on in.
 */
function queryOf({ tables: [current, kept], key, where = 'true' }: Scanned): string {
  const rows = (table: string): string => `
    SELECT ${key} AS key, length(block) AS size,
      iif(length(block) <= ${PACKED}, cid || block, cid) AS bytes FROM ${table}
    WHERE ${where} AND ${key} >= ?1 AND (?1 < ${key} OR (?2 = 1 AND ?1 = ${key}))
      AND rev <= ?3 AND rev > ?4`
  return `
    SELECT group_concat(key, char(10)) AS keys, group_concat(size) AS sizes,
      CAST(group_concat(bytes, '') AS BLOB) AS bytes
    FROM (${rows(current)} ${kept ? `UNION ALL ${rows(kept)} AND until > ?3` : ''}
      ORDER BY key LIMIT ${ROWS})`
}
