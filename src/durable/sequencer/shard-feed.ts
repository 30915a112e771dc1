import { shardOf } from '../../kernel/index-shards.ts'
import type { IndexShardClient } from '../../services/objects/stubs.ts'
import type { HookRange } from '../../storage/index/host-index.ts'
import type { ShardOrder } from '../../storage/index/shard-place.ts'
import type { SourcedEvent } from '../../storage/sequencer/log.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import { inTime } from './in-time.ts'

/** Events of others after which an object is told how far the log was read, though it has none of them. */
const TELL_AFTER = 500

/**
 * ms that events wait for others to go with them; the second while they come one after the other. Each time costs a write to
 * the disk, for which whoever writes next would wait.
 */
const GATHER = 10
const GATHER_MORE = 40

/** ms before the next attempts. */
const PAUSES = [20, 200, 1_000]

/** The next events behind one, up to a number. */
export interface SourcedPage {
  events: readonly SourcedEvent[]
  upTo: number
}

export interface ShardFeedParts {
  log: Pick<LogReader, 'head'>
  retention: Pick<Retention, 'prunedTo'>
  page(after: number): Promise<SourcedPage>
  client(): IndexShardClient
  shard: number
  shards: number
  /** What it is to be told of itself; undefined: it has been told all. */
  order(): ShardOrder | undefined
  hooks(): HookRange | undefined
}

/** Hands the log to one object of the index, which knows itself how far it has read. None waits for another. */
export class ShardFeed {
  readonly #parts: ShardFeedParts
  /** Where the object stands, as far as this life of the sequencer knows. */
  #position: number | undefined
  /** The event up to which there is nothing more for it. */
  #read = 0
  #beginning: Promise<void> | undefined
  #running: Promise<void> | undefined
  #hurry: (() => void) | undefined
  /** Whether there were several events the last time. */
  #isBusy = false
  #isOver = false
  #isSlow = false

  constructor(parts: ShardFeedParts) {
    this.#parts = parts
  }

  get shard(): number {
    return this.#parts.shard
  }

  get hasBegun(): boolean {
    return this.#position !== undefined
  }

  /** Whether events were kept back for it in vain. */
  get isSlow(): boolean {
    return this.#isSlow
  }

  /** It has not said where it stands for long: no event waits for that until it has. */
  noteSlow(): void {
    this.#isSlow = true
  }

  get isBehind(): boolean {
    return !this.#isOver && (this.#position === undefined || this.#read < this.#parts.log.head)
  }

  /** Asks it where it stands. */
  begin(): Promise<void> {
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = undefined
    })
    return this.#beginning
  }

  /** Sends what there is; one run at a time. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Sends what there is now, without gathering more. */
  async catchUp(): Promise<void> {
    while (this.isBehind) {
      const running = this.run()
      this.#hurry?.()
      await running
    }
  }

  /** Has it note how far the log was read, where that is further than it knows. */
  async flush(): Promise<void> {
    await this.catchUp()
    if (this.#position !== undefined && this.#position < this.#read)
      await this.#take([], this.#read)
  }

  /** Sends nothing any more; resolves when nothing is on its way either. */
  async end(): Promise<void> {
    this.#isOver = true
    this.#hurry?.()
    await Promise.allSettled([this.#running, this.#beginning])
  }

  async #begin(): Promise<void> {
    const { log, retention, client, order } = this.#parts
    const reach = { head: log.head, prunedTo: retention.prunedTo }
    this.#stand(await inTime(client().feed.begin(reach, order())))
  }

  async #run(): Promise<void> {
    await this.#gather()
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#send()
        return
      } catch (error) {
        // An object that has just ended is there again at once; what lasts longer is the scheduler's.
        const pause = PAUSES[attempt]
        this.#position = undefined
        if (pause === undefined || this.#isOver) throw error
        await scheduler.wait(pause)
      }
    }
  }

  async #send(): Promise<void> {
    const { log, retention, page, shard, shards } = this.#parts
    if (this.#position === undefined) await this.begin()
    this.#isBusy = log.head - this.#read > 1
    while (this.isBehind) {
      if (this.#read < retention.prunedTo) {
        await this.begin()
        continue
      }
      const { events, upTo } = await page(this.#read)
      const own = events.filter(({ did }) => shardOf(did, shards) === shard)
      const isTold = shards === 1 || own.length > 0 || upTo - (this.#position ?? 0) >= TELL_AFTER
      if (isTold) await this.#take(own, upTo)
      else this.#read = upTo
    }
  }

  async #take(events: readonly SourcedEvent[], upTo: number): Promise<void> {
    const { client, hooks } = this.#parts
    const frames = events.map(({ event }) => event)
    const taking = client().feed.take(this.#position ?? 0, frames, upTo, hooks())
    this.#stand(await inTime(taking))
  }

  #stand(position: number): void {
    this.#isSlow = false
    this.#position = position
    this.#read = position
  }

  #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#hurry = resolve
    setTimeout(resolve, this.#isBusy ? GATHER_MORE : GATHER)
    return promise
  }
}
