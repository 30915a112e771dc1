/**
 * Nodes of a Merkle Search Tree in memory (atproto repository specification, MST Structure). CIDs are
 * their 36 bytes; keys are `<collection>/<rkey>`, ASCII, so that string order is byte order.
 */

import type { CidBytes } from '../../kernel/cbor/cid.ts'

/** A subtree: loaded, or known by its CID only, or none. */
export type Child = Node | CidBytes | null

export interface Entry {
  key: string
  value: CidBytes
  /** The subtree between this entry and the next. */
  right: Child
}

export interface Node {
  /** Height above the bottom: leading zeros of the hashes of its keys, in pairs of bits. */
  layer: number
  /** Smallest key below this node: with the layer, its place in the store. '' in an empty tree. */
  lo: string
  /** The subtree before the first entry. */
  left: Child
  entries: Entry[]
  /** Null from the first change until the tree is sealed. */
  cid: CidBytes | null
  /** The `lo` under which the store has this node, or null. */
  storedAs: string | null
  /** Bytes of its block in the store; 0: it is not there. */
  storedSize: number
}

export const isLoaded = (child: Child): child is Node =>
  child !== null && !(child instanceof Uint8Array)

/** A node as the store has it. */
export interface StoredNode {
  layer: number
  lo: string
  cid: CidBytes
  /** DAG-CBOR. */
  block: Uint8Array
}

/** The stored tree is inconsistent, or a block is no tree node. */
export class MalformedTreeError extends Error {
  override name = 'MalformedTreeError'
}
