/**
 * A Merkle Search Tree that is changed in place. Nodes are loaded when a path leads through them and
 * stay loaded; a change touches the nodes on its path, and `seal` encodes and hashes each of those once,
 * however many changes came together.
 */

import { type CidBytes, cidOf, equalBytes } from '../../kernel/cbor/cid.ts'
import { decodeNode, encodeNode } from './codec.ts'
import { keyLayer } from './layer.ts'
import { type Child, isLoaded, MalformedTreeError, type Node, type StoredNode } from './node.ts'

/** Where nodes come from: the store, which knows them by layer and smallest key. */
export interface NodeSource {
  root(): StoredNode | undefined
  /** The node of `layer` whose smallest key is `lo`. */
  at(layer: number, lo: string): StoredNode | undefined
  /** The node of `layer` with the next smallest key after `key`. */
  after(layer: number, key: string): StoredNode | undefined
}

/** What a batch of changes means for the store. */
export interface SealedChanges {
  /** CID of the root. */
  root: CidBytes
  /** Nodes to write under their layer and `lo`, with their encoding. */
  written: Map<Node, Uint8Array>
  /** Places where the store has a node that is no longer there. */
  vacated: { layer: number; lo: string }[]
  /** How many nodes the store has more afterwards; negative where it has fewer. */
  added: number
  /** Bytes of blocks that the store has more afterwards. */
  addedBytes: number
}

export class Tree {
  readonly #source: NodeSource
  #root: Node
  #vacated: { layer: number; lo: string }[] = []
  #added = 0
  #addedBytes = 0
  #loaded = 0

  /** Loads the root; a store without nodes holds the empty tree. */
  constructor(source: NodeSource) {
    this.#source = source
    const stored = source.root()
    this.#root = stored ? this.#open(stored) : emptyRoot()
  }

  /** Number of nodes in memory. */
  get loaded(): number {
    return this.#loaded
  }

  get root(): Node {
    return this.#root
  }

  get(key: string): CidBytes | null {
    let node: Node | null = this.#root
    while (node) {
      const index = search(node, key)
      const entry = node.entries[index]
      if (entry?.key === key) return entry.value
      node = this.child(node, index)
    }
    return null
  }

  /** Inserts or replaces. */
  set(key: string, value: CidBytes): void {
    const layer = keyLayer(key)
    const root = this.#root
    if (root.entries.length === 0 && root.left === null) {
      this.#discard(root)
      this.#root = makeNode(layer, null, [{ key, value, right: null }])
    } else if (layer > root.layer) {
      const [left, right] = this.#split(root, key)
      const entry = { key, value, right: raise(right, layer - 1) }
      this.#root = makeNode(layer, raise(left, layer - 1), [entry])
    } else {
      this.#insert(root, layer, key, value)
    }
  }

  /** @returns whether the key was there */
  delete(key: string): boolean {
    if (this.get(key) === null) return false
    let root = this.#remove(this.#root, key)
    // The root is the lowest node that has everything below it.
    while (root && root.entries.length === 0) {
      this.#discard(root)
      root = this.child(root, 0)
    }
    this.#root = root ?? emptyRoot()
    return true
  }

  /** Encodes and hashes what has changed. The tree may be changed further afterwards. */
  seal(): SealedChanges {
    const written = new Map<Node, Uint8Array>()
    const root = this.#seal(this.#root, written)
    const taken = new Set(this.#vacated.length > 0 ? [...written.keys()].map(place) : [])
    const vacated = this.#vacated.filter((position) => !taken.has(place(position)))
    const [added, addedBytes] = [this.#added, this.#addedBytes]
    this.#vacated = []
    this.#added = 0
    this.#addedBytes = 0
    return { root, written, vacated, added, addedBytes }
  }

  /** The subtree before entry `index`, loaded. */
  child(node: Node, index: number): Node | null {
    const child = index === 0 ? node.left : (node.entries[index - 1]?.right ?? null)
    if (child === null || isLoaded(child)) return child
    const layer = node.layer - 1
    const before = node.entries[index - 1]
    const stored = before ? this.#source.after(layer, before.key) : this.#source.at(layer, node.lo)
    if (!stored || !equalBytes(stored.cid, child)) {
      throw new MalformedTreeError(`no node of layer ${layer} after "${before?.key ?? node.lo}"`)
    }
    const loaded = this.#open(stored)
    setChild(node, index, loaded)
    return loaded
  }

  #open({ layer, lo, cid, block }: StoredNode): Node {
    this.#loaded++
    return { ...decodeNode(block), layer, lo, cid, storedAs: lo, storedSize: block.byteLength }
  }

  #insert(node: Node, layer: number, key: string, value: CidBytes): void {
    touch(node)
    const index = search(node, key)
    const entry = node.entries[index]
    if (entry?.key === key) {
      entry.value = value
      return
    }
    const child = this.child(node, index)
    if (layer === node.layer) {
      const [left, right] = child ? this.#split(child, key) : [null, null]
      setChild(node, index, left)
      node.entries.splice(index, 0, { key, value, right })
    } else if (child) {
      this.#insert(child, layer, key, value)
    } else {
      const leaf = makeNode(layer, null, [{ key, value, right: null }])
      setChild(node, index, raise(leaf, node.layer - 1))
    }
    refreshLo(node)
  }

  /** Parts a subtree into what is before and what is after `key`, which is not in it. */
  #split(node: Node, key: string): [Node | null, Node | null] {
    const index = search(node, key)
    const child = this.child(node, index)
    const [before, after] = child ? this.#split(child, key) : [null, null]
    if (index === node.entries.length && !after) return [node, null]
    if (index === 0 && !before) return [null, node]
    const right = makeNode(node.layer, after, node.entries.splice(index))
    touch(node)
    setChild(node, index, before)
    const left = this.#orNone(node)
    return [left, isEmpty(right) ? null : right]
  }

  /** Removes a key that is there; null when nothing is left. */
  #remove(node: Node, key: string): Node | null {
    touch(node)
    const index = search(node, key)
    const entry = node.entries[index]
    if (entry?.key === key) {
      const merged = this.#merge(node, index)
      node.entries.splice(index, 1)
      setChild(node, index, merged)
    } else {
      const child = this.child(node, index)
      if (!child) throw new MalformedTreeError(`"${key}" is not where it was found before`)
      setChild(node, index, this.#remove(child, key))
    }
    return this.#orNone(node)
  }

  /** Joins the subtrees on both sides of entry `index`. */
  #merge(node: Node, index: number): Child {
    const left = index === 0 ? node.left : (node.entries[index - 1]?.right ?? null)
    const right = node.entries[index]?.right ?? null
    if (left === null || right === null) {
      // The one there is may take the other's place in the key order: it must be loaded to move.
      return left === null ? this.child(node, index + 1) : this.child(node, index)
    }
    const a = this.child(node, index)
    const b = this.child(node, index + 1)
    return a && b ? this.#join(a, b) : (a ?? b)
  }

  #join(a: Node, b: Node): Node {
    touch(a)
    const last = a.entries.length
    const [x, y] = [this.child(a, last), this.child(b, 0)]
    setChild(a, last, x && y ? this.#join(x, y) : (x ?? y))
    a.entries.push(...b.entries)
    this.#discard(b)
    return a
  }

  /** The node, or nothing if it has become empty. */
  #orNone(node: Node): Node | null {
    if (isEmpty(node)) {
      this.#discard(node)
      return null
    }
    refreshLo(node)
    return node
  }

  #discard({ layer, storedAs, storedSize }: Node): void {
    if (storedAs === null) return
    this.#vacated.push({ layer, lo: storedAs })
    this.#added--
    this.#addedBytes -= storedSize
  }

  #seal(node: Node, written: Map<Node, Uint8Array>): CidBytes {
    if (node.cid) return node.cid
    if (isLoaded(node.left)) this.#seal(node.left, written)
    for (const { right } of node.entries) if (isLoaded(right)) this.#seal(right, written)
    const block = encodeNode(node)
    const cid = cidOf(block)
    const { layer, lo, storedAs } = node
    if (storedAs === null) {
      this.#loaded++
      this.#added++
    } else if (storedAs !== lo) this.#vacated.push({ layer, lo: storedAs })
    node.cid = cid
    node.storedAs = lo
    this.#addedBytes += block.byteLength - node.storedSize
    node.storedSize = block.byteLength
    written.set(node, block)
    return cid
  }
}

/** Index of the first entry whose key is not before `key`. */
export function search({ entries }: Node, key: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.key ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function makeNode(layer: number, left: Child, entries: Node['entries']): Node {
  const node = { layer, lo: '', left, entries, cid: null, storedAs: null, storedSize: 0 }
  refreshLo(node)
  return node
}

const emptyRoot = (): Node => makeNode(0, null, [])

const isEmpty = ({ left, entries }: Node): boolean => left === null && entries.length === 0

/** Puts nodes without entries above a subtree until it reaches `layer`. */
function raise(node: Node | null, layer: number): Node | null {
  let raised = node
  while (raised && raised.layer < layer) raised = makeNode(raised.layer + 1, raised, [])
  return raised
}

function touch(node: Node): void {
  node.cid = null
}

function setChild(node: Node, index: number, child: Child): void {
  if (index === 0) node.left = child
  else {
    const entry = node.entries[index - 1]
    if (entry) entry.right = child
  }
}

/** A left subtree that is not loaded has not changed, and with it the smallest key. */
function refreshLo(node: Node): void {
  if (isLoaded(node.left)) node.lo = node.left.lo
  else if (node.left === null) node.lo = node.entries[0]?.key ?? ''
}

const place = ({ layer, lo }: { layer: number; lo: string }): string => `${layer} ${lo}`
