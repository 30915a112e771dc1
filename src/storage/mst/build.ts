import { cidOf } from './cid.ts'
import { encodeNode } from './codec.ts'
import { keyLayer } from './layer.ts'
import type { CidBytes, Entry, StoredNode } from './node.ts'

interface OpenNode {
  lo: string
  left: CidBytes | null
  entries: Entry[]
}

/**
 * Builds a tree from its keys in order, bottom up, and hands out each node as soon as nothing can be
 * added to it. Holds one open node per layer, however many keys there are.
 *
 * There is one tree only for a set of keys and values: if the root comes out as somebody claimed, the
 * tree that they built has every property that it should have.
 */
export class TreeBuilder {
  readonly #emit: (node: StoredNode) => void
  readonly #open: (OpenNode | undefined)[] = []

  constructor(emit: (node: StoredNode) => void) {
    this.#emit = emit
  }

  /** Keys must come in ascending order. */
  add(key: string, value: CidBytes): void {
    const layer = keyLayer(key)
    const below = this.#close(layer)
    let node = this.#open[layer]
    if (!node) {
      node = { lo: below?.lo ?? key, left: null, entries: [] }
      this.#open[layer] = node
    }
    attach(node, below)
    node.entries.push({ key, value, right: null })
  }

  /** @returns CID of the root */
  finish(): CidBytes {
    const root = this.#close(this.#open.length)
    if (root) return root.cid
    const block = encodeNode({ left: null, entries: [] })
    const cid = cidOf(block)
    this.#emit({ layer: 0, lo: '', cid, block })
    return cid
  }

  /** Closes the nodes below `layer`, each into the next; returns the topmost of them. */
  #close(layer: number): { cid: CidBytes; lo: string } | undefined {
    let below: { cid: CidBytes; lo: string } | undefined
    for (let level = 0; level < layer; level++) {
      let node = this.#open[level]
      // Between a node and its parent there is one on each layer, if without entries.
      if (!node && below) node = { lo: below.lo, left: null, entries: [] }
      if (!node) continue
      attach(node, below)
      this.#open[level] = undefined
      const block = encodeNode(node)
      below = { cid: cidOf(block), lo: node.lo }
      this.#emit({ layer: level, lo: node.lo, cid: below.cid, block })
    }
    return below
  }
}

/** Hangs a subtree behind the last entry of a node. */
function attach(node: OpenNode, below: { cid: CidBytes; lo: string } | undefined): void {
  if (!below) return
  const last = node.entries.at(-1)
  if (last) last.right = below.cid
  else {
    node.left = below.cid
    node.lo = below.lo
  }
}
