import type { LogShardRpc, LogShardState, ShardEvents } from '../../contracts/log-shard.ts'
import type { DeliveryOptions } from '../../contracts/sequencer.ts'
import { FIRST_LOG, type LogLayout, type LogPlace, logPlaceOf } from '../../kernel/log-shards.ts'
import { anyWithin } from '../../kernel/within-time.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { CollectionState } from '../../storage/account/collections.ts'
import type { OutboxEvent } from '../../storage/account/events.ts'
import type { EventLog } from '../../storage/sequencer/log.ts'
import type { Successor } from '../../storage/sequencer/log-layouts.ts'
import type { MovedSource, MovedSources } from '../../storage/sequencer/moved-sources.ts'
import { purgeAll, type Retention } from '../../storage/sequencer/retention.ts'
import type { SourceCollections } from '../../storage/sequencer/source-collections.ts'
import type { SourceState, Sources } from '../../storage/sequencer/sources.ts'
import type { Job } from '../scheduler.ts'
import type { AppendedEvents, Taken } from '../sequencer/grouped-store.ts'
import { inTime } from '../sequencer/in-time.ts'
import type { BatchSender } from './batch-sender.ts'
import type { PurgeElsewhere } from './purge-elsewhere.ts'

/** ms that a change of an account waits to have its number, and to be seen by the host's index. */
const PATIENCE = 2_000

/** Accounts that are handed over at once, and ms after which whoever asked for that is answered. */
const MOVED = 200
const TURN = 5_000

const FIRST: LogPlace = { layout: FIRST_LOG, shard: 0 }

/** An object was asked for what another one does. */
class WrongPlaceError extends Error {
  override name = 'WrongPlaceError'
}

interface Parts {
  sql: SqlStorage
  log: EventLog
  sources: Sources
  collections: SourceCollections
  retention: Retention
  successor: Successor
  moved: MovedSources
  sender: BatchSender
  elsewhere: PurgeElsewhere
  objects: Pick<HostObjects, 'logShard' | 'logFront'>
  /** What this object is; undefined: the sequencer, which keeps the events of the first layout. */
  place: LogPlace | undefined
  /** See `GroupedStore.take`. */
  take(events: AppendedEvents): Taken
  start(job: Job): void
  /** To be called when what is due may have changed. */
  reschedule(): Promise<void>
}

/** Keeps the events of some accounts, where several objects share the log: what the sequencer does for all of them otherwise. */
export class LogShard implements LogShardRpc {
  readonly #parts: Parts
  /** Accounts that are being asked for. */
  readonly #coming = new Map<string, Promise<void>>()
  /** The layout whose accounts may not all be here yet; asked for once. */
  #previous: Promise<LogLayout | undefined> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    if (parts.place) parts.retention.leaveToOthers()
  }

  async deliver(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[],
    { follows, urgent = false }: DeliveryOptions = {},
  ): Promise<LogLayout | undefined> {
    const { log, sources, sender, start, elsewhere, take } = this.#parts
    if (!this.#parts.place) throw new WrongPlaceError('the sequencer takes events by itself')
    if (this.#successor) return this.#successor
    if (sources.lastEvent(did) === undefined) {
      await this.#fetch(did)
      if (this.#successor) return this.#successor
    }
    const isGone = state.status === 'deleted'
    if (isGone) elsewhere.note(did)
    log.assertFollows(did, follows)
    const isUrgent = urgent || collections.length > 0
    const { sent, stored } = take({ did, events, state, isUrgent })
    sender.add(did, sent, state.status === 'active')
    if (collections.length > 0) this.#parts.collections.note(did, collections)
    if (stored) await stored
    else start(sender.job)
    if (isGone) {
      start(elsewhere.job)
      await this.#parts.reschedule()
    }
    // Who is not to be seen any more is seen nowhere when that is acknowledged.
    if (events.some(({ kind }) => kind === '#account')) await this.#seen(did)
    return undefined
  }

  noteCollections(did: string, changes: readonly CollectionState[]): LogLayout | undefined {
    if (this.#successor) return this.#successor
    this.#parts.collections.note(did, changes)
    return undefined
  }

  read(after: number, upTo: number, limit: number, bytes: number): ShardEvents {
    const { log, retention } = this.#parts
    const page = log.afterWithSources(after, limit, bytes)
    const events = page.filter(({ event }) => event.seq <= upTo)
    const isCut = events.length === page.length && page.length > 0
    const last = events.at(-1)?.event.seq ?? upTo
    return { events, upTo: isCut ? Math.min(last, upTo) : upTo, prunedTo: retention.prunedTo }
  }

  areActive(dids: readonly string[]): (boolean | undefined)[] {
    const { sources } = this.#parts
    return dids.map((did) =>
      sources.lastEvent(did) === undefined ? undefined : sources.isActive(did),
    )
  }

  async removeTo(local: number): Promise<void> {
    while (this.#parts.retention.removeTo(local)) await scheduler.wait(0)
  }

  state(): LogShardState {
    const { sources, retention, sender, sql } = this.#parts
    return {
      ...{
        place: this.#parts.place ?? FIRST,
        accounts: sources.count(),
        tooMuchTo: retention.tooMuchTo,
      },
      ...{ waiting: sender.waiting, bytes: sql.databaseSize, answers: true },
    }
  }

  async retire(to: LogLayout): Promise<boolean> {
    const { sender, moved, objects } = this.#parts
    await this.#retire(to)
    const until = Date.now() + TURN
    for (let after = 0; Date.now() < until; ) {
      const { sources, last } = moved.list(MOVED, after)
      if (sources.length === 0) return !sender.isBehind
      const byShard = Map.groupBy(sources, ({ did }) => logPlaceOf(did, to).shard)
      for (const [shard, some] of byShard) {
        const target = { layout: to, shard }
        await inTime(objects.logShard(target).adopt(some))
      }
      moved.forget(sources.map(({ did }) => did))
      after = last
    }
    return false
  }

  async handOver(to: LogLayout, did: string): Promise<MovedSource | undefined> {
    // What it did here has its numbers before anything that it does there.
    await this.#retire(to)
    return this.#parts.moved.get(did)
  }

  forgetSources(dids: readonly string[]): void {
    this.#parts.moved.forget(dids)
  }

  adopt(sources: readonly MovedSource[]): void {
    if (this.#successor) throw new WrongPlaceError('another layout serves')
    this.#parts.moved.adopt(sources)
  }

  async purge(did: string): Promise<void> {
    purgeAll(this.#parts.sql, did, this.#parts.log.head)
    await this.#parts.reschedule()
  }

  get #successor(): LogLayout | undefined {
    return this.#parts.successor.layout
  }

  async #retire(to: LogLayout): Promise<void> {
    const { successor, sender, place, log } = this.#parts
    log.settle()
    if (!place) return
    successor.set(to)
    await sender.flush()
  }

  /** Has an account handed over that may have had events in the layout before. */
  #fetch(did: string): Promise<void> {
    const known = this.#coming.get(did)
    if (known) return known
    const coming = this.#takeOver(did).finally(() => this.#coming.delete(did))
    this.#coming.set(did, coming)
    return coming
  }

  async #takeOver(did: string): Promise<void> {
    const { objects, moved, place } = this.#parts
    const previous = place && (await this.#findPrevious(place.layout))
    if (!previous) return
    const from = logPlaceOf(did, previous)
    const source = await inTime(objects.logShard(from).handOver(place.layout, did))
    // Who came meanwhile goes on from here with the others.
    if (!source || this.#successor) return
    moved.adopt([source])
    await inTime(objects.logShard(from).forgetSources([did]))
  }

  #findPrevious({ generation }: LogLayout): Promise<LogLayout | undefined> {
    this.#previous ??= this.#parts.objects.logFront.layouts().then(
      (layouts) => {
        const before = layouts.findLast((one) => one.generation < generation)
        return before?.state === 'moves' ? before : undefined
      },
      (error: unknown) => {
        this.#previous = undefined
        throw error
      },
    )
    return this.#previous
  }

  /** Resolves when an account is seen as it is now wherever this host shows it, but not much later. */
  async #seen(did: string): Promise<void> {
    const { sender, log, objects } = this.#parts
    const seen = sender.until(log.head).then(() => objects.logFront.settled(did))
    await anyWithin([seen.catch(() => undefined)], PATIENCE)
  }
}
