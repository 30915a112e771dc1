import type { ShardFacts } from '../../contracts/log-shard.ts'
import { placeOfNumber } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Batch, Batches } from '../../storage/sequencer/batches.ts'
import type { LogLayouts } from '../../storage/sequencer/log-layouts.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Job } from '../scheduler.ts'
import { inTime } from '../sequencer/in-time.ts'

/** Batches that are removed at once. */
const CHUNK = 2_000

/** Expired batches are kept for this time, in ms, or a tenth of the retention, so that many are removed at once. */
const SLACK = 60 * 60 * 1000

interface Parts {
  batches: Batches
  layouts: LogLayouts
  retention: Retention
  objects: Pick<HostObjects, 'logShard'>
  /** ms for which events are kept. */
  time: number
  /** To be awaited before events are removed. */
  flush(): Promise<void>
}

/**
 * Removes what is too old, or too much for the object that has it: first nobody is to ask for it any more, then the objects
 * remove their events, then the rows go that say which these were. All objects keep what came after one number.
 */
export class RemoveBatches {
  readonly #parts: Parts
  /** Of objects that are full: their number of the last event that is to go. */
  readonly #tooMuch = new Map<number, number>()

  readonly job: Job = {
    name: 'remove old batches',
    due: () => this.#due(),
    run: async () => {
      await this.#parts.flush()
      while (await this.#step(Date.now())) await scheduler.wait(0)
    },
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What an object tells with its events. */
  note(object: number, { tooMuchTo }: ShardFacts): void {
    if (tooMuchTo > 0) this.#tooMuch.set(object, tooMuchTo)
    else this.#tooMuch.delete(object)
  }

  /** Whether an object has told that it is full. */
  get isUrgent(): boolean {
    return this.#tooMuch.size > 0
  }

  #due(): number | undefined {
    const { batches, time } = this.#parts
    const [oldest] = batches.oldest(1)
    if (!oldest) return undefined
    return this.isUrgent ? Date.now() : oldest.time + time + Math.min(SLACK, time / 10)
  }

  async #step(now: number): Promise<boolean> {
    const { batches, layouts, time, retention } = this.#parts
    const oldest = batches.oldest(CHUNK)
    // As far as the last that is too old, or too much: what is before it goes as well.
    const until = oldest.findLastIndex(
      (batch) => batch.time < now - time || batch.local <= (this.#tooMuch.get(batch.object) ?? 0),
    )
    const gone = oldest.slice(0, until + 1)
    const last = gone.at(-1)
    if (!last) {
      this.#tooMuch.clear()
      return false
    }
    retention.forgetTo(last.seq + last.count - 1)
    await this.#removeEvents(gone)
    batches.removeTo(last.seq)
    layouts.removeEnded(batches.first ?? 0)
    return gone.length === CHUNK
  }

  async #removeEvents(gone: readonly Batch[]): Promise<void> {
    const { layouts, objects } = this.#parts
    const upTo = new Map(gone.map(({ object, local, count }) => [object, local + count - 1]))
    await Promise.all(
      [...upTo].map(async ([object, local]) => {
        const place = placeOfNumber(object, layouts.all())
        if (!place) return
        await inTime(objects.logShard(place).removeTo(local))
        this.#tooMuch.delete(object)
      }),
    )
  }
}
