import type { Answer } from '../../contracts/answer.ts'
import type { IndexFeedRpc, LogReach } from '../../contracts/host-index.ts'
import type { CollectionDefinitions } from '../../kernel/collection-files.ts'
import type { IndexLayout } from '../../kernel/index-shards.ts'
import type { Logger } from '../../kernel/log.ts'
import { indexSpecs } from '../../services/collections/specs.ts'
import type { HookRange, HostIndex } from '../../storage/index/host-index.ts'
import type { ShardOrder, ShardPlace } from '../../storage/index/shard-place.ts'
import type { SequencedEvent } from '../../storage/sequencer/log.ts'
import type { HookRunner } from './hook-runner.ts'

/** Events were removed from the log before they were read. */
class LostEventsError extends Error {
  override name = 'LostEventsError'
}

interface Parts {
  log(): Logger
  /** Starts what became due by what was read. */
  taken(): void
  hooks: Pick<HookRunner, 'kick'>
  place: ShardPlace
  /** Makes the tables of what is indexed now. */
  adopt(): void
  /** Takes back all that is stored. */
  clear(): Answer<void>
}

/** Takes in the log, as the sequencer sends it. */
export class IndexFeed implements IndexFeedRpc {
  readonly #index: HostIndex
  readonly #collections: () => CollectionDefinitions
  readonly #parts: Parts

  constructor(index: HostIndex, collections: () => CollectionDefinitions, parts: Parts) {
    this.#index = index
    this.#collections = collections
    this.#parts = parts
  }

  begin({ head, prunedTo }: LogReach, order?: ShardOrder): number {
    if (order) this.order(order)
    const position = this.#index.position()
    if (position !== undefined && position >= prunedTo && position <= head) return position
    if (position !== undefined) {
      const lost = new LostEventsError(
        `after event ${position}; the log has ${prunedTo} to ${head}`,
      )
      this.#parts.log().error('events were lost: the index is made again', lost)
    }
    this.#index.begin(head, indexSpecs(this.#collections().definitions), Date.now())
    this.#parts.taken()
    return head
  }

  order(order: ShardOrder): void {
    const { place, adopt, taken } = this.#parts
    if (order.holdsHooks) this.#index.taker.prepare()
    else this.#index.taker.finish()
    if (place.set(order)) adopt()
    taken()
  }

  take(after: number, events: readonly SequencedEvent[], upTo: number, hooks?: HookRange): number {
    const position = this.#index.position() ?? -1
    if (position !== after) return position
    const { place, hooks: runner, taken } = this.#parts
    const range = { ...hooks, areToCome: place.isActive && place.holdsHooks }
    if (this.#index.take(events, upTo, this, Date.now(), range)) taken()
    runner.kick()
    if (place.retirement) taken()
    return upTo
  }

  isFilled(): boolean {
    this.#parts.taken()
    const { definitions, scans } = this.#index
    const { isActive } = this.#parts.place
    return isActive && scans.isEmpty() && definitions.all().every((one) => one.finishedAt !== null)
  }

  retire(to: IndexLayout, upTo: number): boolean {
    const { isDone } = this.#parts.place.retire(to, upTo)
    if (!isDone) this.#parts.taken()
    return isDone
  }

  clear(): Answer<void> {
    return this.#parts.clear()
  }

  /** Whether a file that cannot be loaded has one is not known: its writes wait until it can be. */
  hasHook(collection: string): boolean {
    const { definitions, failed } = this.#collections()
    return failed.has(collection) || definitions.get(collection)?.afterWrite !== undefined
  }
}
