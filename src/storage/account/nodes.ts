import type { CidBytes } from '../../kernel/cbor/cid.ts'
import type { Node, StoredNode } from '../mst/node.ts'
import type { NodeSource, SealedChanges } from '../mst/tree.ts'
import { insertRows, type SqlBinding } from '../sql.ts'

type Row = { layer: number; lo: string; cid: ArrayBuffer; block: ArrayBuffer }

/** The tree nodes of one repository, by layer and smallest key. One row read per node. */
export class NodeTable implements NodeSource {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  root(): StoredNode | undefined {
    return this.#first('ORDER BY layer DESC LIMIT 1')
  }

  at(layer: number, lo: string): StoredNode | undefined {
    return this.#first('WHERE layer = ? AND lo = ?', layer, lo)
  }

  after(layer: number, key: string): StoredNode | undefined {
    return this.#first('WHERE layer = ? AND lo > ? ORDER BY lo LIMIT 1', layer, key)
  }

  /** Writes what a change of the tree left behind: a row for each node that is new, moved or gone. */
  apply(sealed: SealedChanges, rev: string): void {
    const changes = new PendingNodes()
    changes.add(sealed, rev)
    this.store(changes)
  }

  /** The same for several changes together. */
  store(changes: PendingNodes): void {
    const rows: SqlBinding[][] = []
    for (const { layer, lo, stored } of changes.values()) {
      if (stored) rows.push([layer, lo, stored.cid, stored.rev, stored.block])
      else this.#sql.exec('DELETE FROM node WHERE layer = ? AND lo = ?', layer, lo)
    }
    insertRows(this.#sql, 'INSERT OR REPLACE INTO node (layer, lo, cid, rev, block)', rows)
  }

  /** Those of the nodes that have one of these CIDs, at most 100. Reads through all nodes. */
  *findByCid(cids: readonly CidBytes[]): Generator<StoredNode> {
    const rows = this.#sql.exec<Row>(
      `SELECT layer, lo, cid, block FROM node WHERE cid IN (${cids.map(() => '?').join(', ')})`,
      ...cids,
    )
    for (const row of rows) yield toNode(row)
  }

  #first(condition: string, ...values: SqlStorageValue[]): StoredNode | undefined {
    const row = this.#sql
      .exec<Row>(`SELECT layer, lo, cid, block FROM node ${condition}`, ...values)
      .toArray()[0]
    return row && toNode(row)
  }
}

/** What is at a place of the tree, or is not any more. */
export interface PendingNode {
  layer: number
  lo: string
  /** Undefined: there is none at this place any more. */
  stored?: { cid: CidBytes; rev: string; block: Uint8Array }
}

/** What several changes of the tree left behind, each place once. */
export class PendingNodes {
  readonly #places = new Map<string, PendingNode>()

  add({ written, vacated }: SealedChanges, rev: string): void {
    for (const { layer, lo } of vacated) this.#places.set(`${layer} ${lo}`, { layer, lo })
    for (const [node, block] of written) {
      const { layer, lo } = node
      this.#places.set(`${layer} ${lo}`, { layer, lo, stored: { cid: cidOf(node), rev, block } })
    }
  }

  values(): Iterable<PendingNode> {
    return this.#places.values()
  }

  clear(): void {
    this.#places.clear()
  }
}

const toNode = ({ layer, lo, cid, block }: Row): StoredNode => ({
  layer,
  lo,
  cid: new Uint8Array(cid),
  block: new Uint8Array(block),
})

function cidOf({ cid }: Node): CidBytes {
  if (!cid) throw new TypeError('a node of a sealed tree has no CID')
  return cid
}
