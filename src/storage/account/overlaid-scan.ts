import { ui8Concat } from '@atproto/lex-data'
import type { PendingNode } from './nodes.ts'
import type { PackedScan } from './packed-scan.ts'

/** Blocks in the order of their keys, one at a time. */
export interface BlockScan {
  /** Of the block that comes next; undefined at the end. */
  readonly key: string | undefined
  /** CID and block, one behind the other; valid until `advance`. */
  content(): Uint8Array
  advance(): void
}

/**
 * One layer of the tree as it is once commits of the journal are settled: what they left behind goes before the rows of
 * the table, which have it or do not have it yet. So an export, which only reads, needs no room on the disk.
 */
export class OverlaidScan implements BlockScan {
  readonly #rows: PackedScan
  /** In order of `lo`. */
  readonly #nodes: readonly PendingNode[]
  #at = 0
  #isNode = false

  /** @param nodes of this layer */
  constructor(rows: PackedScan, nodes: readonly PendingNode[]) {
    this.#rows = rows
    this.#nodes = nodes.toSorted((one, other) => (one.lo < other.lo ? -1 : 1))
    this.#find()
  }

  get key(): string | undefined {
    return this.#isNode ? this.#nodes[this.#at]?.lo : this.#rows.key
  }

  content(): Uint8Array {
    const stored = this.#isNode ? this.#nodes[this.#at]?.stored : undefined
    return stored ? ui8Concat([stored.cid, stored.block]) : this.#rows.content()
  }

  advance(): void {
    if (this.#isNode) this.#at++
    else this.#rows.advance()
    this.#find()
  }

  /** Finds out which comes next, and passes rows that are another's or nobody's by now. */
  #find(): void {
    for (;;) {
      const node = this.#nodes[this.#at]
      const { key } = this.#rows
      this.#isNode = node !== undefined && (key === undefined || node.lo <= key)
      if (!node || !this.#isNode) return
      if (node.lo === key) this.#rows.advance()
      if (node.stored) return
      this.#at++
    }
  }
}
