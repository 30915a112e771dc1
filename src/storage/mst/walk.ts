import { decodeNode } from './codec.ts'
import { type CidBytes, MalformedTreeError } from './node.ts'

/** Higher trees do not occur: a key of layer 40 would take 2^80 attempts to find. */
const MAX_HEIGHT = 48

type Step =
  | { kind: 'node'; cid: CidBytes; height: number }
  | { kind: 'record'; cid: CidBytes; key: string }

/**
 * Goes through a tree of which nothing is known but the CID of its root, in pre-order: says which block
 * comes next and is fed that block. Holds what lies beside the path to the current block.
 *
 * Keys must ascend over the whole tree. So no subtree can count twice, and a small file cannot unfold
 * into an endless walk.
 */
export class TreeWalk {
  readonly #steps: Step[]
  #lastKey = ''

  constructor(root: CidBytes) {
    this.#steps = [{ kind: 'node', cid: root, height: 0 }]
  }

  /** The block that comes next; undefined at the end. `key` is set where it is a record. */
  get next(): { cid: CidBytes; key?: string } | undefined {
    return this.#steps.at(-1)
  }

  /** Takes the node that came next. @throws MalformedTreeError */
  enter(block: Uint8Array): void {
    const step = this.#steps.pop()
    if (step?.kind !== 'node') throw new TypeError('the walk did not wait for a node')
    if (step.height > MAX_HEIGHT) throw new MalformedTreeError('the tree is too high')
    const { left, entries } = decodeNode(block)
    const height = step.height + 1
    const steps: Step[] = []
    if (left instanceof Uint8Array) steps.push({ kind: 'node', cid: left, height })
    for (const { key, value, right } of entries) {
      steps.push({ kind: 'record', cid: value, key })
      if (right instanceof Uint8Array) steps.push({ kind: 'node', cid: right, height })
    }
    for (const next of steps.reverse()) this.#steps.push(next)
  }

  /** Passes over the record that came next. @throws MalformedTreeError */
  pass(): void {
    const step = this.#steps.pop()
    if (step?.kind !== 'record') throw new TypeError('the walk did not wait for a record')
    if (step.key <= this.#lastKey) throw new MalformedTreeError('keys of the tree are not in order')
    this.#lastKey = step.key
  }
}
