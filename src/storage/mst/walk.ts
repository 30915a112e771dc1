import type { CidBytes } from '../../kernel/cbor/cid.ts'
import { decodeNode } from './codec.ts'
import { keyLayer } from './layer.ts'
import { MalformedTreeError, type StoredNode } from './node.ts'

type Step =
  | { kind: 'node'; cid: CidBytes; layer: number | undefined }
  | { kind: 'record'; cid: CidBytes; key: string }

/**
 * Traverses a tree in pre-order, given the CID of its root: says which block comes next, takes that block, and
 * verifies that the tree is the one that its keys determine (repository specification, MST Structure):
 *
 * - each key is on the layer that its hash gives it, and each subtree one layer below its parent;
 * - keys ascend over the whole tree, so that no subtree can occur twice and a small file cannot expand into an
 *   endless traversal;
 * - no node is empty, save the only one of an empty tree, and the root has a key of its own.
 *
 * Holds in memory what lies beside the path to the current block.
 */
export class TreeWalk {
  readonly #steps: Step[]
  readonly #emit: (node: StoredNode) => void
  /** Nodes that were entered and whose smallest key has not come yet. */
  #entered: Omit<StoredNode, 'lo'>[] = []
  #lastKey = ''

  readonly #verifies: boolean

  /**
   * `emit` is handed each node once its smallest key is known.
   *
   * @param verifies false: it is a tree that was walked before, and no key is hashed to find its layer
   */
  constructor(root: CidBytes, emit: (node: StoredNode) => void, { verifies = true } = {}) {
    this.#steps = [{ kind: 'node', cid: root, layer: undefined }]
    this.#emit = emit
    this.#verifies = verifies
  }

  /** The block that comes next; undefined at the end. `key` is set where it is a record. */
  get next(): { cid: CidBytes; key?: string } | undefined {
    return this.#steps.at(-1)
  }

  /** Takes the node that came next. @throws MalformedTreeError */
  enter(block: Uint8Array): void {
    const step = this.#steps.pop()
    if (step?.kind !== 'node') throw new TypeError('the walk did not wait for a node')
    const { left, entries } = decodeNode(block)
    const [first] = entries
    const isRoot = step.layer === undefined
    if (!first && (isRoot ? left !== null : left === null)) {
      throw new MalformedTreeError('a node of the tree has no place in it')
    }
    const layer = step.layer ?? (first ? keyLayer(first.key) : 0)
    if (layer < 0) throw new MalformedTreeError('a subtree hangs below the lowest layer')
    const node = { layer, cid: step.cid, block }
    // The tree of a repository without records.
    if (!first && isRoot) this.#emit({ ...node, lo: '' })
    else this.#entered.push(node)

    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index]
      if (!entry) continue
      const { key, value, right } = entry
      if (right instanceof Uint8Array)
        this.#steps.push({ kind: 'node', cid: right, layer: layer - 1 })
      if (this.#verifies && keyLayer(key) !== layer) {
        throw new MalformedTreeError('a key is on the wrong layer')
      }
      this.#steps.push({ kind: 'record', cid: value, key })
    }
    if (left instanceof Uint8Array) this.#steps.push({ kind: 'node', cid: left, layer: layer - 1 })
  }

  /** Passes over the record that came next. @throws MalformedTreeError */
  pass(): void {
    const step = this.#steps.pop()
    if (step?.kind !== 'record') throw new TypeError('the walk did not wait for a record')
    const { key } = step
    if (key <= this.#lastKey) throw new MalformedTreeError('keys of the tree are not in order')
    this.#lastKey = key
    if (this.#entered.length === 0) return
    for (const node of this.#entered) this.#emit({ ...node, lo: key })
    this.#entered = []
  }
}
