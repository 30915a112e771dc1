import { type NodeSource, Tree } from '../mst/tree.ts'
import type { Unsettled } from './head.ts'

/** Nodes kept in memory between writes; some 500 bytes each. */
const MAX_LOADED_NODES = 2000

/** Keeps the tree of one repository in memory between requests, with the nodes it has loaded. */
export class TreeCache {
  readonly #nodes: NodeSource
  readonly #pending: Unsettled
  #tree: Tree | undefined

  constructor(nodes: NodeSource, pending: Unsettled) {
    this.#nodes = nodes
    this.#pending = pending
  }

  /** The current tree. Once it has loaded too many nodes, it is read from the database again. */
  get(): Tree {
    if (this.#tree && this.#tree.loaded > MAX_LOADED_NODES) {
      this.#pending.settle()
      this.#tree = undefined
    }
    if (!this.#tree) this.#pending.load()
    this.#tree ??= new Tree(this.#nodes)
    return this.#tree
  }

  /** Takes the tree of commits that were made again. */
  put(tree: Tree): void {
    this.#tree = tree
  }

  /** Drops the cache, after a rollback or a change of the rows by other means. */
  clearCache(): void {
    this.#tree = undefined
  }
}
