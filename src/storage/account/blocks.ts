import { type CidBytes, cidBytes, cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import { type CarBlock, carFile } from '../car.ts'
import { StorageError } from '../error.ts'
import { encodeNode } from '../mst/codec.ts'
import type { Node } from '../mst/node.ts'
import { collectProof } from '../mst/proof.ts'
import type { HeadStore, Unsettled } from './head.ts'
import type { NodeTable } from './nodes.ts'
import type { PendingParts } from './pending-commits.ts'
import type { RecordReader } from './records.ts'
import type { TreeCache } from './tree-cache.ts'

/** Tree nodes looked up by one statement. */
const LOOKUP = 100

/** Bytes of blocks in one answer to `getBlocks`. */
const MAX_BLOCK_BYTES = 4 * 1024 * 1024

/** Reads the blocks of one repository: commit, tree nodes and records, as CAR files. */
export class BlockReader {
  readonly #head: HeadStore
  readonly #tree: TreeCache
  readonly #nodes: NodeTable
  readonly #records: RecordReader
  readonly #pending: Pick<Unsettled, 'nodes'>

  constructor(
    { head, tree, nodes, records }: Pick<PendingParts, 'head' | 'tree' | 'nodes' | 'records'>,
    pending: Pick<Unsettled, 'nodes'>,
  ) {
    this.#pending = pending
    this.#head = head
    this.#tree = tree
    this.#nodes = nodes
    this.#records = records
  }

  /**
   * A CAR file that proves what is at a path, or that nothing is: the commit, the nodes on the way, and
   * the record. Reads a row per node.
   */
  proveRecord(path: string): Uint8Array {
    const { cid, block } = this.#head.get()
    const nodes = new Set<Node>()
    collectProof(this.#tree.get(), path, 'update', nodes)
    const blocks: CarBlock[] = [[cid, block]]
    for (const node of nodes) if (node.cid) blocks.push([node.cid, encodeNode(node)])
    const record = this.#records.getByPath(path)
    if (record) blocks.push([record.cid, record.block])
    return carFile(cid, blocks)
  }

  /**
   * A CAR file without root of the blocks with these CIDs. Records are found by their index; tree nodes
   * have none, since it would cost a row for each node of each write: for them the table is scanned.
   *
   * @throws StorageError `BlockNotFound` naming what is not there; `InvalidRequest` when there are several and they
   *   come to more than `MAX_BLOCK_BYTES`
   */
  getBlocks(cids: readonly string[]): Uint8Array {
    const head = this.#head.get()
    const missing = new Map<string, CidBytes>()
    const blocks: CarBlock[] = []
    let size = 0
    const add = (cid: CidBytes, block: Uint8Array) => {
      size += block.byteLength
      if (size > MAX_BLOCK_BYTES && blocks.length > 0) {
        throw new StorageError('InvalidRequest', 'The blocks are too large: ask for fewer at once')
      }
      blocks.push([cid, block])
    }
    for (const cid of new Set(cids)) {
      const bytes = cidBytes(cid)
      const found = equalBytes(bytes, head.cid) ? head : this.#records.getByCid(bytes)
      if (found) add(bytes, found.block)
      else missing.set(cid, bytes)
    }
    const wanted = [...missing.values()]
    // What waits to be settled is not in the table, and stands in the place of what is.
    const pending = wanted.length > 0 ? this.#pending.nodes() : []
    for (const { stored } of pending) {
      if (stored && missing.delete(cidString(stored.cid))) add(stored.cid, stored.block)
    }
    const places = new Set(pending.map(({ layer, lo }) => `${layer} ${lo}`))
    for (let from = 0; from < wanted.length; from += LOOKUP) {
      for (const { layer, lo, cid, block } of this.#nodes.findByCid(
        wanted.slice(from, from + LOOKUP),
      )) {
        if (places.has(`${layer} ${lo}`) || !missing.delete(cidString(cid))) continue
        add(cid, block)
      }
    }
    if (missing.size > 0) {
      const names = [...missing.keys()].join(', ')
      throw new StorageError('BlockNotFound', `Could not find blocks: ${names}`)
    }
    return carFile(null, blocks)
  }
}
