import { DurableObject } from 'cloudflare:workers'
import type { Answer, RpcResult } from '../contracts/answer.ts'
import type { Env } from '../contracts/env.ts'
import type {
  ConsumerView,
  CrawlAnswer,
  DeliveryOptions,
  FirehoseStatus,
  IndexLayouts,
  LogPage,
  SequencerRpc,
} from '../contracts/sequencer.ts'
import { readConfig } from '../kernel/config/config.ts'
import type { LogLayout } from '../kernel/log-shards.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { networkOf } from '../services/network.ts'
import type { CollectionState } from '../storage/account/collections.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import { dumpRows, streamOf } from '../storage/dump.ts'
import { migrate } from '../storage/migrate.ts'
import { Activity, type HostActivity } from '../storage/sequencer/activity.ts'
import { sequencerPlan } from '../storage/sequencer/backup-plan.ts'
import { EventLog, type SequencedEvent } from '../storage/sequencer/log.ts'
import { isLogDivided, placeOf } from '../storage/sequencer/log-division.ts'
import { Relays } from '../storage/sequencer/relays.ts'
import { Retention } from '../storage/sequencer/retention.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import { type CollectionPage, SourceCollections } from '../storage/sequencer/source-collections.ts'
import { type SourceRow, type SourceState, Sources } from '../storage/sequencer/sources.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'
import type { LogShards, MakeLogShards } from './log-shards/make.ts'
import { endAll, listAll } from './sequencer/all-consumers.ts'
import { newcomerOf } from './sequencer/consumer-state.ts'
import { CrawlRequests } from './sequencer/crawl-requests.ts'
import { type AppendedEvents, GroupedStore } from './sequencer/grouped-store.ts'
import { readPage } from './sequencer/index-feed.ts'
import { makeParts, type SequencerParts, type SequencerStore } from './sequencer/make-parts.ts'
import { raiseWithinReason, type TooHigh } from './sequencer/raise.ts'

/**
 * The one order of all events on this host, and the consumers who listen to it. A thin shell over
 * `src/storage/sequencer`.
 */
export class SequencerObject extends DurableObject<Env> implements SequencerRpc {
  readonly #store: SequencerStore
  readonly #grouped: GroupedStore
  readonly #counter: RowCounter | undefined
  /** Made of what is stored, before any call. */
  #parts!: SequencerParts

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('sequencer', this)
    migrate(ctx.storage, migrations)
    const config = readConfig({ ...env })
    this.#counter = config.devMode ? countRows(ctx.storage.sql) : undefined
    const sql = this.#counter?.sql ?? ctx.storage.sql
    const sources = new Sources(sql)
    // A host may have had another PDS, whose numbers relays know: time goes on, whatever they were.
    const first = config.firstSeq ?? Date.now() * 1000
    const { operator } = networkOf(env, config)
    this.#store = {
      sql,
      sources,
      activity: new Activity(sql),
      collections: new SourceCollections(ctx.storage, sql),
      log: new EventLog(ctx.storage, sources, first, sql, placeOf(ctx) === undefined),
      retention: new Retention(sql, config.eventRetention, {
        overwrites: env.BLOB_DISK !== undefined,
      }),
      crawl: new CrawlRequests(new Relays(sql), config.crawlers, config.hostname, operator),
    }
    this.#grouped = new GroupedStore(
      this.#store.log,
      () => this.#parts.shards?.sender?.begin() ?? this.#startWhatIsDue(),
      () => this.#parts.index.isOn || this.#parts.shards?.sender !== undefined,
      () => this.#parts.shards?.sender?.forget(),
    )
    const begin = (makeLogShards?: MakeLogShards) => {
      const calls = {
        announce: (stored: readonly SequencedEvent[]) => {
          this.#send(stored)
          return this.#startWhatIsDue()
        },
        reschedule: () => this.#reschedule(),
        take: (events: AppendedEvents) => this.#grouped.take(events),
      }
      this.#parts = makeParts(ctx, env, config, this.#store, calls, makeLogShards)
    }
    if (!isLogDivided(ctx, config.logShards)) begin()
    else {
      ctx.blockConcurrencyWhile(async () => {
        begin((await import('./log-shards/make.ts')).makeLogShards)
      })
    }
  }

  async append(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[] = [],
    { follows, urgent = false }: DeliveryOptions = {},
  ): Promise<LogLayout | undefined> {
    await this.#parts.index.begun()
    const { successor } = this.#parts.shards?.front ?? {}
    if (successor) return successor
    this.#store.log.assertFollows(did, follows)
    const isUrgent = urgent || collections.length > 0
    const { sent, stored } = this.#grouped.take({ did, events, state, isUrgent })
    this.#send(sent)
    if (collections.length > 0) this.#store.collections.note(did, collections)
    if (state.status === 'deleted') this.#parts.coverage.end()
    await (stored ?? this.#startWhatIsDue())
    // Who is not to be seen any more is seen nowhere when that is acknowledged.
    if (this.#parts.index.isOn && events.some(({ kind }) => kind === '#account')) {
      await this.#parts.index.settled(did)
    }
    return undefined
  }

  /** For `LogRpc`. */
  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#parts.dispatcher.call(part, method, args)
  }

  listSources(limit: number, after?: number): Answer<SourceRow[]> {
    return this.#lists?.sources(limit, after) ?? this.#store.sources.list(limit, after)
  }

  fillInState(did: string, state: SourceState): Answer<void> {
    return this.#lists?.fillInState(did, state) ?? this.#store.sources.fillIn(did, state)
  }

  noteCollections(did: string, changes: readonly CollectionState[]): Answer<void> {
    return this.#lists?.noteCollections(did, changes) ?? this.#store.collections.note(did, changes)
  }

  listByCollection(name: string, limit: number, after?: number): Answer<CollectionPage> {
    return (
      this.#lists?.byCollection(name, limit, after) ??
      this.#store.collections.list(name, limit, after)
    )
  }

  fillInCollections(did: string, names: readonly string[]): Answer<void> {
    return this.#lists?.fillInCollections(did, names) ?? this.#store.collections.fillIn(did, names)
  }

  async status(): Promise<FirehoseStatus> {
    this.#parts.read.settle()
    const { head, lastEventAt } = this.#parts.read
    const { count: consumers, furthestBehind: behind } = this.#parts.consumers
    const sums = (await this.#lists?.summary()) ?? { accounts: this.#store.sources.count() }
    return { head, consumers, behind, lastEventAt, relays: this.#store.crawl.list(), ...sums }
  }

  dump(): ReadableStream<Uint8Array> {
    this.#parts.read.settle()
    // Above what consumers may know.
    const head = this.#parts.read.numbered
    const own = dumpRows(this.ctx.storage, sequencerPlan, migrations.length, { head })
    return streamOf(this.#lists?.dump(own) ?? own)
  }

  activity(): Answer<HostActivity> {
    return this.#lists?.activity() ?? this.#store.activity.read(Date.now())
  }

  consumers(): ConsumerView[] {
    return listAll([this.#parts.consumers, this.#parts.streams])
  }

  endConsumer(id: string): boolean {
    return this.#parts.consumers.endById(id) || this.#parts.streams.endById(id)
  }

  endConsumers(): Promise<number> {
    const ended = endAll([this.#parts.consumers, this.#parts.streams])
    // What they were sent is stored, so that the stop which follows has none of it sent a second time.
    this.#parts.read.settle()
    return ended
  }

  async requestCrawl(url: string): Promise<CrawlAnswer> {
    const answer = await this.#store.crawl.askNow(url, Date.now())
    await this.#reschedule()
    return answer
  }

  tellOfEvents(on: boolean): void {
    this.#parts.webhooks.set(on)
  }

  readLog(after: number): Promise<LogPage> {
    return readPage(this.#parts.read, this.#store.retention, after)
  }

  indexLayouts(): IndexLayouts {
    return this.#parts.index.layouts()
  }

  countAfter(cursors: readonly number[]): number[] {
    return cursors.map((cursor) => this.#parts.read.countAfter(cursor))
  }

  cursorBefore(count: number): number {
    return (this.#parts.shards?.merged?.log ?? this.#store.log).cursorBefore(count)
  }

  raiseSequence(above: number, tooHigh?: TooHigh): boolean {
    const { log, retention } = this.#store
    return raiseWithinReason(log, this.#parts.read, retention, above, tooHigh)
  }

  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  untilEnded(connection: string): Promise<boolean> {
    return (
      this.#parts.streams.has(connection) ? this.#parts.streams : this.#parts.consumers
    ).untilEnded(connection)
  }

  /** See `SequencerRpc.fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const newcomer = newcomerOf(request)
    const { 0: client, 1: server } = new WebSocketPair()
    const isTaken = (newcomer.stream ? this.#parts.streams : this.#parts.consumers).add(
      server,
      newcomer,
    )
    if (!isTaken) return new Response(null, { status: 429 })
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    const gone = this.webSocketError(socket)
    // 1005 and 1006 stand for "no code" and may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
    await gone
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    for (const consumers of [this.#parts.consumers, this.#parts.streams]) consumers.remove(socket)
    await this.#reschedule()
  }

  override async alarm(): Promise<void> {
    this.#parts.coverage.end()
    await this.#parts.scheduler.onAlarm()
    this.#parts.coverage.begin()
  }

  /**
   * In the turn in which events get their numbers, so that no consumer that is catching up can come in between. Where they are
   * stored in this turn, the platform holds the messages back until the rows are durable.
   */
  #send(events: readonly SequencedEvent[]): void {
    this.#parts.consumers.broadcast(events)
    this.#parts.streams.broadcast(events)
  }

  /** To be called in the turn in which events are stored. */
  async #startWhatIsDue(): Promise<void> {
    if (this.#parts.coverage.becomesFull()) this.#parts.coverage.end()
    if (this.#parts.index.isOn) this.#parts.scheduler.start(this.#parts.index.job)
    this.#parts.index.kick()
    if (this.#parts.webhooks.isOn) this.#parts.scheduler.start(this.#parts.webhooks.job)
    if (!this.#parts.coverage.isSet) await this.#reschedule()
  }

  get #lists(): LogShards['lists'] {
    return this.#parts.shards?.lists
  }

  async #reschedule(): Promise<void> {
    this.#parts.coverage.begin()
    await this.#parts.scheduler.reschedule()
  }
}
