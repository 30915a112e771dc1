import { type NodeSource, Tree } from '../mst/tree.ts'

/** Nodes kept in memory between writes; some 500 bytes each. */
const MAX_LOADED_NODES = 2000

/** Keeps the tree of one repository in memory between requests, with the nodes it has loaded. */
export class TreeCache {
  readonly #nodes: NodeSource
  #tree: Tree | undefined

  constructor(nodes: NodeSource) {
    this.#nodes = nodes
  }

  /** The current tree. Once it has loaded too many nodes, it is read from the database again. */
  get(): Tree {
    if (!this.#tree || this.#tree.loaded > MAX_LOADED_NODES) this.#tree = new Tree(this.#nodes)
    return this.#tree
  }

  /** Drops the cache, after a rollback or a change of the rows by other means. */
  clearCache(): void {
    this.#tree = undefined
  }
}
