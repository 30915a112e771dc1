import type { DeliveryOptions } from '../../contracts/sequencer.ts'
import { FIRST_LOG, type LogLayout, logPlaceOf } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { CollectionState } from '../../storage/account/collections.ts'
import type { OutboxEvent } from '../../storage/account/events.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'

/** Under which the layout is kept that last took events of this account, where the log is divided. */
const KEY = 'log layout'

interface Parts {
  kv: SyncKvStorage
  objects: Pick<HostObjects, 'sequencer' | 'logShard' | 'logFront'>
  /** Whether several objects share the log, as the settings say. */
  isDivided: boolean
}

/** Where an account's events go: to the sequencer, or to the one of several objects that has this account. */
export class LogDelivery {
  readonly #parts: Parts
  #known: LogLayout | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** See `SequencerRpc.append`. */
  async append(
    did: string,
    waiting: readonly OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[],
    options: DeliveryOptions,
  ): Promise<void> {
    const { objects } = this.#parts
    // What comes to the queue meanwhile has a state of its own.
    const events = [...waiting]
    await this.#follow((layout) =>
      layout
        ? objects
            .logShard(logPlaceOf(did, layout))
            .deliver(did, events, state, collections, options)
        : objects.sequencer.append(did, events, state, collections, options),
    )
  }

  /** See `SequencerRpc.noteCollections`. */
  async noteCollections(did: string, changes: readonly CollectionState[]): Promise<void> {
    const { objects } = this.#parts
    await this.#follow(async (layout) => {
      if (layout) {
        return objects.logShard(logPlaceOf(did, layout)).noteCollections(did, changes)
      }
      await objects.sequencer.noteCollections(did, changes)
      return undefined
    })
  }

  /** Asks one layout after the other, as each says which has taken over. */
  async #follow(
    ask: (layout: LogLayout | undefined) => Promise<LogLayout | undefined>,
  ): Promise<void> {
    for (let layout = await this.#layout(); ; ) {
      const next = await ask(layout)
      if (!next) return
      layout = next
      this.#parts.kv.put(KEY, next)
      this.#known = next
    }
  }

  /** Undefined: the sequencer. */
  async #layout(): Promise<LogLayout | undefined> {
    const { kv, objects, isDivided } = this.#parts
    if (!isDivided || this.#known) return this.#known
    const kept = kv.get<LogLayout>(KEY)
    if (kept) {
      this.#known = kept
      return kept
    }
    const { generation, shards } = (await objects.logFront.layouts()).at(-1) ?? FIRST_LOG
    if (generation === FIRST_LOG.generation) return undefined
    this.#known = { generation, shards }
    kv.put(KEY, this.#known)
    return this.#known
  }
}
