/**
 * Writes a repository as a CAR file: the commit, then the tree in pre-order, each record right behind the
 * node that names it (repository specification, CAR File Serialization).
 *
 * Pre-order needs no walk. Nodes are stored by layer and smallest key, records by key: a node comes
 * before everything whose key is not smaller than its own smallest, the higher layer first. So the file is
 * the merge of one sorted scan per layer and one of the records.
 */

import type { CidBytes } from '../../kernel/cbor/cid.ts'
import { carBlockLength, carHeader, writeCarBlock } from '../car.ts'
import type { Hold } from './export-snapshot.ts'
import type { Head } from './head.ts'
import { Repeats } from './repeats.ts'
import { wholeBlock } from './split-blocks.ts'

/** Bytes of one chunk of the stream: what an export of any size holds in memory. */
const CHUNK = 256 * 1024

/** Rows read before the event loop gets a turn. */
const ROWS_PER_TURN = 5000

/** How many records there are taken to be where it was not counted. */
const ASSUMED_RECORDS = 100_000

export interface ExportOptions {
  /** Only blocks that are newer than this rev. */
  since?: string
  /** The hold on the snapshot; released when the stream ends, fails, is cancelled or is not read in time. */
  hold: Hold
  /** A record of equal content comes again at each key, as where there is no index on `record.cid` to find it by. */
  repeats?: boolean
}

/** Reads a row per block; the snapshot is that of `head`, see `ExportSnapshots`. */
export function exportCar(
  sql: SqlStorage,
  head: Head,
  { since = '', hold, repeats = false }: ExportOptions,
): ReadableStream<Uint8Array> {
  const scans = layersOf(sql).map((layer) => new Scan(nodeQuery(layer), head.rev, since))
  const records = new Scan(RECORD_QUERY, head.rev, since)
  scans.push(records)
  const seen = repeats
    ? undefined
    : new Repeats(sql, head.rev, since, head.counts?.records ?? ASSUMED_RECORDS)
  const isRepeat = (row: Row, scan: Scan) =>
    scan === records && seen !== undefined && seen.has(row.key, new Uint8Array(row.cid))
  let started = false
  return new ReadableStream(
    {
      type: 'bytes',
      start(controller) {
        void hold.lapsed.then((error) => controller.error(error))
      },
      async pull(controller) {
        try {
          hold.check()
          const chunk = new Chunk()
          if (!started) {
            chunk.addRaw(carHeader(head.cid))
            chunk.add(head.cid, head.block)
            started = true
          }
          while (fill(chunk, sql, scans, isRepeat) && chunk.length === 0) {
            // Thousands of repetitions in a row: others get a turn.
            await scheduler.wait(0)
            hold.check()
          }
          if (chunk.length > 0) return controller.enqueue(chunk.bytes())
          hold.release()
          controller.close()
        } catch (cause) {
          hold.release()
          throw cause
        }
      },
      cancel: hold.release,
    },
    { highWaterMark: 0 },
  )
}

/**
 * Merges the scans into the chunk, but for what `isRepeat` says went before, until it is full or they end. Scans are
 * opened anew each time.
 *
 * @returns whether there may be more
 */
function fill(
  chunk: Chunk,
  sql: SqlStorage,
  scans: readonly Scan[],
  isRepeat: (row: Row, scan: Scan) => boolean,
): boolean {
  for (const scan of scans) scan.open(sql)
  let ended = false
  for (let rows = 0; chunk.length < CHUNK && rows < ROWS_PER_TURN; rows++) {
    let next: Scan | undefined
    // Ties go to the earlier scan: a higher layer before a lower one, nodes before the record.
    for (const scan of scans) {
      if (scan.row && (!next?.row || scan.row.key < next.row.key)) next = scan
    }
    ended = !next?.row
    if (!next?.row) break
    if (!isRepeat(next.row, next)) {
      const cid = new Uint8Array(next.row.cid)
      chunk.add(cid, wholeBlock(sql, cid, next.row.block))
    }
    next.advance()
  }
  for (const scan of scans) scan.close()
  return !ended
}

type Row = { key: string; cid: ArrayBuffer; block: ArrayBuffer }

/** A sorted scan that continues after the last row it returned. */
class Scan {
  row: Row | undefined
  readonly #query: string
  readonly #rev: string
  readonly #since: string
  #cursor: SqlStorageCursor<Row> | undefined
  /** Last key returned; null before the first. */
  #last: string | null = null
  #ended = false

  constructor(query: string, rev: string, since: string) {
    this.#query = query
    this.#rev = rev
    this.#since = since
  }

  open(sql: SqlStorage): void {
    if (this.#ended) return
    // The empty tree has a node with the key ''; every other key is greater.
    const from = this.#last ?? ''
    const inclusive = this.#last === null ? 1 : 0
    this.#cursor = sql.exec<Row>(this.#query, from, inclusive, this.#rev, this.#since)
    this.#read()
  }

  advance(): void {
    this.#last = this.row?.key ?? this.#last
    this.#read()
  }

  close(): void {
    this.#cursor = undefined
    this.row = undefined
  }

  #read(): void {
    const next = this.#cursor?.next()
    this.row = next?.value
    if (!next || next.done) this.#ended = true
  }
}

/** Parameters: key to start from, whether it is included, newest rev, oldest rev (exclusive). */
const RANGE = '(?1 < KEY OR (?2 = 1 AND ?1 = KEY)) AND rev <= ?3 AND rev > ?4'
const range = (key: string) => RANGE.replaceAll('KEY', key)

const nodeQuery = (layer: number): string => `
  SELECT lo AS key, cid, block FROM node WHERE layer = ${layer} AND lo >= ?1 AND ${range('lo')}
  UNION ALL
  SELECT lo AS key, cid, block FROM snapshot_node
  WHERE layer = ${layer} AND lo >= ?1 AND ${range('lo')} AND until > ?3
  ORDER BY key`

const RECORD_QUERY = `
  SELECT path AS key, cid, block FROM record WHERE path >= ?1 AND ${range('path')}
  UNION ALL
  SELECT path AS key, cid, block FROM snapshot_record
  WHERE path >= ?1 AND ${range('path')} AND until > ?3
  ORDER BY key`

/** The layers of the tree, highest first, those of copied nodes included. */
function layersOf(sql: SqlStorage): number[] {
  const { top } = sql
    .exec<{ top: number | null }>(
      `SELECT max(layer) AS top FROM (
         SELECT max(layer) AS layer FROM node UNION ALL SELECT max(layer) FROM snapshot_node
       )`,
    )
    .one()
  return Array.from({ length: (top ?? 0) + 1 }, (_, index) => (top ?? 0) - index)
}

/** A buffer that grows as blocks are added. */
class Chunk {
  length = 0
  #buffer = new Uint8Array(CHUNK + 16 * 1024)

  add(cid: CidBytes, block: Uint8Array): void {
    this.#reserve(carBlockLength(block, cid.byteLength))
    this.length = writeCarBlock(this.#buffer, this.length, cid, block)
  }

  addRaw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.length)
    this.length += bytes.byteLength
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.length)
  }

  #reserve(size: number): void {
    if (this.length + size <= this.#buffer.byteLength) return
    const grown = new Uint8Array(Math.max(this.#buffer.byteLength * 2, this.length + size))
    grown.set(this.#buffer.subarray(0, this.length))
    this.#buffer = grown
  }
}
