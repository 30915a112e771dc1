import type { StoredNode } from '../storage/mst/node.ts'
import type { NodeSource, SealedChanges } from '../storage/mst/tree.ts'

/** A store in memory, for tests of the tree alone. */
export class MemorySource implements NodeSource {
  readonly nodes: StoredNode[] = []

  root(): StoredNode | undefined {
    return this.nodes.at(-1)
  }

  at(layer: number, lo: string): StoredNode | undefined {
    return this.nodes.find((node) => node.layer === layer && node.lo === lo)
  }

  after(layer: number, key: string): StoredNode | undefined {
    return this.nodes.find((node) => node.layer === layer && node.lo > key)
  }

  apply({ written, vacated }: SealedChanges): void {
    for (const { layer, lo } of vacated) this.#delete(layer, lo)
    for (const [{ layer, lo, cid }, block] of written) {
      if (!cid) throw new Error('not sealed')
      this.#delete(layer, lo)
      this.nodes.push({ layer, lo, cid, block })
    }
    this.nodes.sort((a, b) => a.layer - b.layer || (a.lo < b.lo ? -1 : 1))
  }

  #delete(layer: number, lo: string): void {
    const index = this.nodes.findIndex((node) => node.layer === layer && node.lo === lo)
    if (index >= 0) this.nodes.splice(index, 1)
  }
}
