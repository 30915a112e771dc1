import { type CidBytes, cidString } from '../../kernel/cbor/cid.ts'
import type { FoundBlob } from '../../kernel/cbor/scan.ts'
import type { StoredNode } from '../mst/node.ts'
import { insertValues, type SqlBinding } from '../sql.ts'
import { backlinkOf } from './backlinks.ts'
import type { RepoCounts } from './counts.ts'
import { dropOrphanPieces, firstPiece, furtherPieces, wholeBlock } from './split-blocks.ts'

/**
 * Bytes of blocks buffered before they are written. Each flush is a transaction, and the fewer there are, the
 * fewer pages are written twice.
 */
const BATCH_BYTES = 2 * 1024 * 1024

/** Tables that an import replaces. */
const REPLACED = ['node', 'record', 'record_blob', 'backlink', 'block_part']

/**
 * The staging tables of an import: a second set of those it will replace, and one for blocks that arrive out of
 * order. What an aborted import leaves behind is dropped when the next one begins.
 */
export class Staging {
  readonly #sql: SqlStorage
  /** Part of the names of its indexes. */
  readonly #name = crypto.randomUUID().replaceAll('-', '')
  #rev = ''
  /** Values of rows to be written, one row after the other. */
  readonly #records: SqlBinding[] = []
  readonly #nodes: SqlBinding[] = []
  readonly #blobs: SqlBinding[] = []
  readonly #backlinks: SqlBinding[] = []
  readonly #blocks: SqlBinding[] = []
  readonly #pieces: SqlBinding[] = []
  #bytes = 0
  #indexed = false
  /** Records and tree nodes so far. */
  readonly counts: RepoCounts = { records: 0, nodes: 0, bytes: 0 }

  constructor(sql: SqlStorage) {
    this.#sql = sql
    dropStaging(sql)
    sql.exec(`
      CREATE TABLE import_node (
        layer INTEGER NOT NULL, lo TEXT NOT NULL, cid BLOB NOT NULL, rev TEXT NOT NULL,
        block BLOB NOT NULL, PRIMARY KEY (layer, lo)
      ) WITHOUT ROWID;
      CREATE TABLE import_record (
        path TEXT PRIMARY KEY, cid BLOB NOT NULL, rev TEXT NOT NULL, block BLOB NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE import_backlink (
        collection TEXT NOT NULL, subject TEXT NOT NULL, rkey TEXT NOT NULL,
        PRIMARY KEY (collection, subject, rkey)
      ) WITHOUT ROWID;
      CREATE TABLE import_record_blob (
        path TEXT NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (path, blob)
      ) WITHOUT ROWID;
      CREATE INDEX record_blob_by_blob_${this.#name} ON import_record_blob (blob);
      CREATE TABLE import_block (cid BLOB PRIMARY KEY, block BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE import_block_part (
        cid BLOB NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (cid, part)
      ) WITHOUT ROWID;
    `)
  }

  /** What imported rows carry; to be set before the first. */
  get rev(): string {
    return this.#rev
  }

  set rev(rev: string) {
    this.#rev = rev
  }

  addNode({ layer, lo, cid, block }: StoredNode): void {
    this.counts.nodes++
    this.counts.bytes += block.byteLength
    this.#nodes.push(layer, lo, cid, this.#rev, block)
    this.#grow(block)
  }

  addRecord(path: string, cid: CidBytes, block: Uint8Array, blobs: readonly FoundBlob[]): void {
    this.counts.records++
    this.counts.bytes += block.byteLength
    this.#records.push(path, cid, this.#rev, firstPiece(block))
    for (const blob of blobs) this.#blobs.push(path, cidString(blob.cid))
    const link = backlinkOf(path, block)
    if (link) this.#backlinks.push(link.collection, link.subject, link.rkey)
    this.#addPieces(cid, block)
    this.#grow(block)
  }

  /** Stores a block that is out of order until the walk comes to it. */
  addBlock(cid: CidBytes, block: Uint8Array): void {
    this.#blocks.push(cid, firstPiece(block))
    this.#addPieces(cid, block)
    this.#grow(block)
  }

  #addPieces(cid: CidBytes, block: Uint8Array): void {
    for (const row of furtherPieces(cid, block)) this.#pieces.push(...row)
  }

  /** A block that arrived earlier: out of order, or as a record of equal content. */
  find(cid: CidBytes): Uint8Array | undefined {
    this.flush()
    this.#index()
    const row = this.#sql
      .exec<{ block: ArrayBuffer }>(
        `SELECT block FROM import_block WHERE cid = ?1
         UNION ALL SELECT block FROM import_record WHERE cid = ?1 LIMIT 1`,
        cid,
      )
      .toArray()[0]
    return row && wholeBlock(this.#sql, cid, row.block, 'import_block_part')
  }

  /** Writes the buffered rows. */
  flush(): void {
    if (this.#bytes === 0) return
    const insert = insertValues.bind(undefined, this.#sql)
    insert('INSERT INTO import_record (path, cid, rev, block)', 4, this.#records)
    insert('INSERT INTO import_node (layer, lo, cid, rev, block)', 5, this.#nodes)
    insert('INSERT OR IGNORE INTO import_record_blob (path, blob)', 2, this.#blobs)
    insert('INSERT OR IGNORE INTO import_backlink (collection, subject, rkey)', 3, this.#backlinks)
    insert('INSERT OR IGNORE INTO import_block (cid, block)', 2, this.#blocks)
    insert('INSERT OR IGNORE INTO import_block_part (cid, part, bytes)', 3, this.#pieces)
    for (const rows of [
      this.#records,
      this.#nodes,
      this.#blobs,
      this.#backlinks,
      this.#blocks,
      this.#pieces,
    ]) {
      rows.length = 0
    }
    this.#bytes = 0
  }

  /**
   * Replaces the current tables with the imported ones, unless both are empty: SQLite reads its whole schema again with
   * each new name, 2 ms. To be called in a transaction.
   */
  replace(): void {
    this.flush()
    this.#index()
    for (const table of REPLACED) {
      if (isEmpty(this.#sql, table) && isEmpty(this.#sql, `import_${table}`)) continue
      setAside(this.#sql, table)
      this.#sql.exec(`ALTER TABLE import_${table} RENAME TO ${table}`)
    }
    dropOrphanPieces(this.#sql)
  }

  /** Created as late as possible: CIDs are in no order, and each row would touch a page of its own. */
  #index(): void {
    if (this.#indexed) return
    this.#sql.exec(`CREATE INDEX record_cid_${this.#name} ON import_record (cid)`)
    this.#indexed = true
  }

  #grow(block: Uint8Array): void {
    // The overhead of a row beside its block, roughly.
    this.#bytes += block.byteLength + 100
    if (this.#bytes >= BATCH_BYTES) this.flush()
  }
}

/** Drops what an import has replaced or has not needed, or an aborted one has left behind. */
export function dropStaging(sql: SqlStorage): void {
  for (const { name } of tablesLike(sql, 'import_*')) {
    if (!isDropped(sql, name)) setAside(sql, name)
  }
  for (const { name } of tablesLike(sql, 'dropped_*')) {
    // It is empty, and the next import drops it.
    if (!isDropped(sql, name)) return
  }
}

/** Drops a table unless it is locked, as below. */
function isDropped(sql: SqlStorage, table: string): boolean {
  try {
    sql.exec(`DROP TABLE ${table}`)
    return true
  } catch {
    return false
  }
}

/**
 * Empties a table, under another name. It cannot be dropped at once: SQLite refuses that as long as any statement of
 * the database has not been read to its end, and the platform has no way to end one but the garbage collector.
 */
function setAside(sql: SqlStorage, table: string): void {
  const name = `dropped_${crypto.randomUUID().replaceAll('-', '')}`
  sql.exec(`ALTER TABLE ${table} RENAME TO ${name}`)
  sql.exec(`DELETE FROM ${name}`)
}

const isEmpty = (sql: SqlStorage, table: string): boolean =>
  sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length === 0

const tablesLike = (sql: SqlStorage, pattern: string): { name: string }[] =>
  sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?",
      pattern,
    )
    .toArray()
