import type {
  LogFrontRpc,
  LogShardState,
  ShardEvents,
  ShardFacts,
} from '../../contracts/log-shard.ts'
import { FIRST_LOG, type LogLayout, placeOfNumber } from '../../kernel/log-shards.ts'
import type { Batches } from '../../storage/sequencer/batches.ts'
import type { SequencedEvent, SourcedEvent } from '../../storage/sequencer/log.ts'
import type { StoredLogLayout } from '../../storage/sequencer/log-division.ts'
import type { LogLayouts } from '../../storage/sequencer/log-layouts.ts'
import { renumber } from '../../storage/sequencer/renumber.ts'
import type { Job } from '../scheduler.ts'
import type { HostLists } from './host-lists.ts'
import type { MergedLog } from './merged-log.ts'
import type { RemoveBatches } from './remove-batches.ts'

/** An object that is none of this host's hands over events. */
class UnknownPlaceError extends Error {
  override name = 'UnknownPlaceError'
}

interface Parts {
  batches: Batches
  layouts: LogLayouts
  merged: MergedLog
  lists: HostLists
  removal: RemoveBatches
  index: { isOn: boolean; begun(): Promise<void>; settled(did: string): Promise<void> }
  start(job: Job): void
  /** Sends events out that were stored in this turn, and starts what is due by them. */
  announce(stored: readonly SequencedEvent[]): Promise<void>
}

/** Gives the events of several objects their one order. It stores which those are, a row for each batch, and not what. */
export class LogFront implements LogFrontRpc {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The layout that takes events instead of the sequencer itself; undefined: none does. */
  get successor(): LogLayout | undefined {
    const { serving } = this.#parts.layouts
    return serving.generation === FIRST_LOG.generation ? undefined : serving
  }

  position(object: number): number | undefined {
    return this.#parts.batches.takenOf(object)
  }

  async take(
    object: number,
    after: number,
    { events }: Pick<ShardEvents, 'events'>,
    facts: ShardFacts,
  ): Promise<number | undefined> {
    const { batches, layouts, merged, index, announce, removal } = this.#parts
    await index.begun()
    if (!placeOfNumber(object, layouts.all())) throw new UnknownPlaceError(`there is no ${object}`)
    const position = batches.takenOf(object)
    if (position !== undefined && position !== after) return position
    const [first, last] = [events[0]?.event.seq, events.at(-1)?.event.seq]
    if (first === undefined || last === undefined || first <= after) return position
    // What the sequencer has taken itself, before its log was divided.
    merged.settle()
    const { head } = merged
    const seq = merged.next
    const stored = events.map(({ did, event: { seq: local, frame, active } }): SourcedEvent => {
      const number = seq + local - first
      const numbered = { seq: number, frame: renumber(frame, number) }
      return { did, event: active === undefined ? numbered : { ...numbered, active } }
    })
    const bytes = stored.reduce((sum, { event }) => sum + event.frame.byteLength, 0)
    const count = last - first + 1
    batches.add({ seq, object, local: first, count, bytes, time: Date.now() })
    merged.note(stored, head)
    removal.note(object, facts)
    if (removal.isUrgent) this.#parts.start(removal.job)
    await announce(stored.map(({ event }) => event))
    return last
  }

  async settled(did: string): Promise<void> {
    const { index } = this.#parts
    if (index.isOn) await index.settled(did)
  }

  layouts(): readonly StoredLogLayout[] {
    return this.#parts.layouts.all()
  }

  states(): Promise<LogShardState[]> {
    return this.#parts.lists.states()
  }
}
