import { FIRST_LAYOUT, type IndexLayout, shardOf } from '../../kernel/index-shards.ts'
import { StorageError } from '../error.ts'

/** Which part of the index an object has. */
export interface ShardOrder {
  layout: IndexLayout
  /** From 0. */
  shard: number
  /** Whether hooks wait: what an earlier layout has of them comes first. */
  holdsHooks: boolean
  /** The layout that is being filled: takedowns of records are told to it, too. */
  next: IndexLayout | null
}

/** What becomes of an object that serves no more. */
export interface Retirement {
  /** The layout that serves. */
  to: IndexLayout
  /** The last event that its hooks are told of. */
  upTo: number
  /** Whether the other layout has what waited for hooks. */
  isDone: boolean
}

const FIRST: ShardOrder = { layout: FIRST_LAYOUT, shard: 0, holdsHooks: false, next: null }

/** Which part of the index this object has, as the sequencer has told it: kept beside the tables. */
export class ShardPlace {
  readonly #kv: DurableObjectStorage['kv']
  readonly #isFirst: boolean

  /** @param isFirst whether it is the object that a host begins with, which needs not be told */
  constructor(kv: DurableObjectStorage['kv'], isFirst: boolean) {
    this.#kv = kv
    this.#isFirst = isFirst
  }

  get order(): ShardOrder | undefined {
    return this.#kv.get<ShardOrder>('order') ?? (this.#isFirst ? FIRST : undefined)
  }

  get retirement(): Retirement | undefined {
    return this.#kv.get<Retirement>('retirement')
  }

  /** Whether it is to have a part of the index. */
  get isActive(): boolean {
    return this.order !== undefined && this.retirement === undefined
  }

  get holdsHooks(): boolean {
    return !this.isActive || this.order?.holdsHooks === true
  }

  /** @returns whether it had no part before */
  set(order: ShardOrder): boolean {
    const wasActive = this.isActive
    if (JSON.stringify(this.order) !== JSON.stringify(order)) this.#kv.put('order', order)
    if (this.retirement) this.#kv.delete('retirement')
    return !wasActive
  }

  retire(to: IndexLayout, upTo: number): Retirement {
    const known = this.retirement
    if (known) return known
    const retirement = { to, upTo, isDone: false }
    this.#kv.put('retirement', retirement)
    return retirement
  }

  noteDone(): void {
    const { retirement } = this
    if (retirement) this.#kv.put('retirement', { ...retirement, isDone: true })
  }

  /** Whether the records of an account are in this part. */
  has(did: string): boolean {
    const { order } = this
    return order !== undefined && shardOf(did, order.layout.shards) === order.shard
  }

  /** @throws StorageError `IndexMoved` where it has no part of the index that serves */
  assertActive(): void {
    if (!this.isActive) throw new StorageError(INDEX_MOVED, 'The index is somewhere else now', 503)
  }
}

/** What an object answers that serves no more: whoever asks looks for the layout that does. */
export const INDEX_MOVED = 'IndexMoved'
