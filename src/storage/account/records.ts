import { StorageError } from '../error.ts'

/** A record as it is stored: its DAG-CBOR bytes and their CID. */
export interface StoredRecord {
  rkey: string
  cid: string
  block: Uint8Array
}

export interface ListOptions {
  collection: string
  /** Rows at most. */
  limit: number
  /** Continue after this rkey, exclusive. */
  cursor?: string
  /** Oldest rkey first instead of newest first. */
  reverse?: boolean
}

type Row = { path: string; cid: string; block: ArrayBuffer }

/** Reads the records of one repository. */
export class RecordReader {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The record at a path, or undefined; reads one row. */
  get(collection: string, rkey: string): StoredRecord | undefined {
    const row = this.#sql
      .exec<Row>('SELECT path, cid, block FROM record WHERE path = ?', `${collection}/${rkey}`)
      .toArray()[0]
    return row && toRecord(row)
  }

  /** CID of the record at a path, or undefined; reads one row. */
  cid(path: string): string | undefined {
    return this.#sql
      .exec<{ cid: string }>('SELECT cid FROM record WHERE path = ?', path)
      .toArray()[0]?.cid
  }

  /** One page of a collection; reads as many rows as it returns. */
  list({ collection, limit, cursor, reverse }: ListOptions): StoredRecord[] {
    // '0' is the character after '/': the range holds the paths of this collection and no others.
    const from = reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}/`
    const to = !reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}0`
    return this.#sql
      .exec<Row>(
        `SELECT path, cid, block FROM record WHERE path > ? AND path < ?
         ORDER BY path ${reverse ? 'ASC' : 'DESC'} LIMIT ?`,
        from,
        to,
        limit,
      )
      .toArray()
      .map(toRecord)
  }

  /** The collections that hold at least one record; skips from one to the next, a row for each. */
  collections(): string[] {
    const found: string[] = []
    let from = ''
    for (;;) {
      const row = this.#sql
        .exec<{ path: string }>(
          'SELECT path FROM record WHERE path >= ? ORDER BY path LIMIT 1',
          from,
        )
        .toArray()[0]
      if (!row) return found
      const collection = row.path.slice(0, row.path.indexOf('/'))
      found.push(collection)
      from = `${collection}0`
    }
  }

  /** @throws StorageError `RecordNotFound` */
  getOrThrow(collection: string, rkey: string, cid?: string): StoredRecord {
    const record = this.get(collection, rkey)
    if (!record || (cid !== undefined && record.cid !== cid)) {
      throw new StorageError('RecordNotFound', `Could not locate record: ${collection}/${rkey}`)
    }
    return record
  }
}

const toRecord = (row: Row): StoredRecord => ({
  rkey: row.path.slice(row.path.indexOf('/') + 1),
  cid: row.cid,
  block: new Uint8Array(row.block),
})
