import { type NodeSource, Tree } from '../mst/tree.ts'
import type { Unsettled } from './head.ts'

/** Nodes kept in memory between writes; some 500 bytes each. */
const MAX_LOADED_NODES = 2000
const MOST_LOADED_NODES = 10_000

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
    const loaded = this.#tree?.loaded ?? 0
    // The rows are the tree only once nothing waits. Whoever reads does not write for that, unless it becomes too much.
    if (loaded > MAX_LOADED_NODES && (loaded > MOST_LOADED_NODES || !this.#waits())) {
      this.#pending.settle()
      this.#tree = undefined
    }
    if (!this.#tree) this.#pending.load()
    this.#tree ??= new Tree(this.#nodes)
    return this.#tree
  }

  #waits(): boolean {
    return this.#pending.nodes().length > 0
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
