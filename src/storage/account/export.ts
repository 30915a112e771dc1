/**
 * Writes a repository as a CAR file: the commit, then the tree in pre-order, each record right behind the
 * node that names it (repository specification, CAR File Serialization).
 *
 * Pre-order needs no walk. Nodes are stored by layer and smallest key, records by key: a node comes
 * before everything whose key is not smaller than its own smallest, the higher layer first. So the file is
 * the merge of one sorted scan per layer and one of the records.
 */

import { ui8Concat } from '@atproto/lex-data'
import { carHeader, carPartLength, writeCarPart } from '../car.ts'
import type { Hold } from './export-snapshot.ts'
import type { Head } from './head.ts'
import type { PendingNode } from './nodes.ts'
import { type BlockScan, OverlaidScan } from './overlaid-scan.ts'
import { PackedScan, type Scanned } from './packed-scan.ts'
import { Repeats } from './repeats.ts'

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
  /**
   * Reads what an import has staged, and has not put in its place. A record of equal content comes again at each key there,
   * as there is no index to find it by.
   */
  staged?: boolean
  /** Nodes of `head` that may not be in their table yet. */
  pending?: readonly PendingNode[]
}

/** Reads a row per block, many at once; the snapshot is that of `head`, see `ExportSnapshots`. */
export function exportCar(
  sql: SqlStorage,
  head: Head,
  { since = '', hold, staged = false, pending = [] }: ExportOptions,
): ReadableStream<Uint8Array> {
  let scans: Scans | undefined
  const seen = staged
    ? undefined
    : new Repeats(sql, head.rev, since, head.counts?.records ?? ASSUMED_RECORDS)
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
          if (!scans) {
            chunk.addRaw(carHeader(head.cid))
            chunk.add(ui8Concat([head.cid, head.block]))
            scans = openScans(sql, head.rev, since, { staged, pending })
          }
          while (fill(chunk, scans, seen) && chunk.length === 0) {
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

/** What an export merges: the layers of the tree, highest first, and the records. */
interface Scans {
  layers: readonly BlockScan[]
  records: PackedScan
}

/**
 * Merges the scans into the chunk, but for records that went before, until it is full or they end.
 *
 * @returns whether there may be more
 */
function fill(chunk: Chunk, { layers, records }: Scans, seen: Repeats | undefined): boolean {
  let rows = 0
  const isFull = (): boolean => chunk.length >= CHUNK || rows >= ROWS_PER_TURN
  while (!isFull()) {
    const node = first(layers)
    while (records.key !== undefined && (node?.key === undefined || records.key < node.key)) {
      if (isFull()) return true
      if (!seen?.has(records.key, records.cid)) chunk.add(records.content())
      records.advance()
      rows++
    }
    if (!node) return false
    chunk.add(node.content())
    node.advance()
    rows++
  }
  return true
}

/** The scan that comes first; a higher layer before a lower one with the same key. */
function first(layers: readonly BlockScan[]): BlockScan | undefined {
  let found: BlockScan | undefined
  for (const scan of layers) {
    if (scan.key === undefined) continue
    if (found?.key === undefined || scan.key < found.key) found = scan
  }
  return found
}

const recordsOf = (staged: boolean): Scanned =>
  staged
    ? { tables: ['import_record'], key: 'path', pieces: 'import_block_part' }
    : { tables: ['record', 'snapshot_record'], key: 'path', pieces: 'block_part' }

const layerOf = (layer: number, staged: boolean): Scanned => ({
  ...recordsOf(staged),
  tables: staged ? ['import_node'] : ['node', 'snapshot_node'],
  key: 'lo',
  where: `layer = ${layer}`,
})

function openScans(
  sql: SqlStorage,
  rev: string,
  since: string,
  { staged, pending }: { staged: boolean; pending: readonly PendingNode[] },
): Scans {
  // One that is older than what is asked for hides rows that are older still.
  const overlaid = pending.filter(({ stored }) => !stored || stored.rev > since)
  const top = Math.max(topLayer(sql, staged), ...pending.map(({ layer }) => layer))
  const layers: BlockScan[] = []
  for (let layer = top; layer >= 0; layer--) {
    const rows = new PackedScan(sql, layerOf(layer, staged), rev, since)
    const nodes = overlaid.filter((node) => node.layer === layer)
    layers.push(nodes.length > 0 ? new OverlaidScan(rows, nodes) : rows)
  }
  return { layers, records: new PackedScan(sql, recordsOf(staged), rev, since) }
}

/** The highest layer of the tree, those of copied nodes included. */
function topLayer(sql: SqlStorage, staged: boolean): number {
  const tops = layerOf(0, staged).tables.map((table) => `SELECT max(layer) AS layer FROM ${table}`)
  const { top } = sql
    .exec<{ top: number | null }>(`SELECT max(layer) AS top FROM (${tops.join(' UNION ALL ')})`)
    .one()
  return top ?? 0
}

/** A buffer that grows as blocks are added. */
class Chunk {
  length = 0
  #buffer = new Uint8Array(CHUNK + 16 * 1024)

  /** Adds a block, with its CID before it. */
  add(content: Uint8Array): void {
    this.#reserve(carPartLength(content))
    this.length = writeCarPart(this.#buffer, this.length, content)
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
