import type { IndexFeedRpc, LogReach } from '../../contracts/host-index.ts'
import type { CollectionDefinitions } from '../../kernel/collection-files.ts'
import type { Logger } from '../../kernel/log.ts'
import { indexSpecs } from '../../services/collections/specs.ts'
import type { HostIndex } from '../../storage/index/host-index.ts'
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

  begin({ head, prunedTo }: LogReach): number {
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

  take(after: number, events: readonly SequencedEvent[], upTo: number): number {
    const position = this.#index.position() ?? -1
    if (position !== after) return position
    if (this.#index.take(events, upTo, this, Date.now())) this.#parts.taken()
    this.#parts.hooks.kick()
    return upTo
  }

  /** Whether a file that cannot be loaded has one is not known: its writes wait until it can be. */
  hasHook(collection: string): boolean {
    const { definitions, failed } = this.#collections()
    return failed.has(collection) || definitions.get(collection)?.afterWrite !== undefined
  }
}
