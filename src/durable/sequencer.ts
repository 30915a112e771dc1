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
import { createLogger } from '../kernel/log.ts'
import type { LogLayout } from '../kernel/log-shards.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { networkOf } from '../services/network.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import type { CollectionState } from '../storage/account/collections.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import { dumpRows, streamOf } from '../storage/dump.ts'
import { JobTable } from '../storage/jobs.ts'
import { migrate } from '../storage/migrate.ts'
import { Activity, type HostActivity } from '../storage/sequencer/activity.ts'
import { sequencerPlan } from '../storage/sequencer/backup-plan.ts'
import { EventLog, type SequencedEvent } from '../storage/sequencer/log.ts'
import { Relays } from '../storage/sequencer/relays.ts'
import { Retention } from '../storage/sequencer/retention.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import { type CollectionPage, SourceCollections } from '../storage/sequencer/source-collections.ts'
import { type SourceRow, type SourceState, Sources } from '../storage/sequencer/sources.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'
import { RpcDispatcher } from './dispatcher.ts'
import { type LogShards, makeLogShards, UNDIVIDED } from './log-shards/make.ts'
import { Scheduler } from './scheduler.ts'
import { AlarmCoverage } from './sequencer/alarm-coverage.ts'
import { endAll, listAll } from './sequencer/all-consumers.ts'
import { newcomerOf } from './sequencer/consumer-state.ts'
import type { Consumers } from './sequencer/consumers.ts'
import { CrawlRequests } from './sequencer/crawl-requests.ts'
import { GroupedStore } from './sequencer/grouped-store.ts'
import { type IndexFeed, readPage, type SourcedLog } from './sequencer/index-feed.ts'
import { makeConsumers } from './sequencer/make-consumers.ts'
import { makeIndex } from './sequencer/make-index.ts'
import { makeJobs } from './sequencer/make-jobs.ts'
import { raiseWithinReason, type TooHigh } from './sequencer/raise.ts'
import { WebhookWake } from './sequencer/webhook-wake.ts'

/**
 * The one order of all events on this host, and the consumers who listen to it. A thin shell over
 * `src/storage/sequencer`.
 */
export class SequencerObject extends DurableObject<Env> implements SequencerRpc {
  readonly #scheduler: Scheduler
  readonly #log: EventLog
  readonly #grouped: GroupedStore
  readonly #sources: Sources
  readonly #collections: SourceCollections
  readonly #retention: Retention
  readonly #consumers: Consumers
  /** Of subscriptions that a project has made of the log. They get no room of the firehose's. */
  readonly #streams: Consumers
  readonly #crawl: CrawlRequests
  readonly #index: IndexFeed
  readonly #webhooks: WebhookWake
  /** Where several objects share the log: what this one does of that. */
  readonly #shards: LogShards | undefined
  readonly #lists: LogShards['lists']
  readonly #dispatcher: RpcDispatcher<object>
  /** What readers of the log are given. */
  readonly #read: SourcedLog
  readonly #activityOfHost: Activity
  readonly #counter: RowCounter | undefined
  readonly #coverage: AlarmCoverage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('sequencer', this)
    migrate(ctx.storage, migrations)
    const config = readConfig({ ...env })
    const log = () => createLogger({ object: 'sequencer' })
    this.#counter = config.devMode ? countRows(ctx.storage.sql) : undefined
    const sql = this.#counter?.sql ?? ctx.storage.sql
    this.#sources = new Sources(sql)
    this.#activityOfHost = new Activity(sql)
    this.#collections = new SourceCollections(ctx.storage, sql)
    // A host may have had another PDS, whose numbers relays know: time goes on, whatever they were.
    const first = config.firstSeq ?? Date.now() * 1000
    this.#log = new EventLog(ctx.storage, this.#sources, first, sql)
    this.#grouped = new GroupedStore(this.#log, () => this.#startWhatIsDue())
    this.#retention = new Retention(sql, config.eventRetention, {
      overwrites: env.BLOB_DISK !== undefined,
    })
    const { operator } = networkOf(env, config)
    this.#crawl = new CrawlRequests(new Relays(sql), config.crawlers, config.hostname, operator)
    const objects = hostObjects(env)
    this.#shards = makeLogShards({
      ...{ storage: ctx.storage, sql, config, objects, name: ctx.id.name },
      ...{ log: this.#log, sources: this.#sources, collections: this.#collections },
      ...{ retention: this.#retention, activity: this.#activityOfHost },
      index: () => this.#index,
      start: (job) => this.#scheduler.start(job),
      reschedule: () => this.#reschedule(),
      announce: (stored) => {
        this.#send(stored)
        return this.#startWhatIsDue()
      },
    })
    this.#dispatcher = new RpcDispatcher(this.#shards?.rpc ?? UNDIVIDED)
    this.#read = this.#shards?.merged?.log ?? this.#log
    this.#lists = this.#shards?.lists
    const parts = {
      log: this.#read,
      streamLog: this.#shards?.merged?.streamLog,
      retention: this.#retention,
      sources: this.#sources,
      logger: log,
    }
    const { consumers, streams } = makeConsumers(ctx, env, config, parts)
    this.#consumers = consumers
    this.#streams = streams
    const { index, division } = makeIndex(ctx.storage, sql, config, { ...parts, objects })
    this.#index = index
    this.#webhooks = new WebhookWake(ctx.storage.kv, {
      head: () => this.#read.head,
      wake: (head) => objects.hostIndex.webhooks.wake(head),
    })
    this.#coverage = new AlarmCoverage({
      ...{ log: this.#log, retention: this.#retention },
      removal: () => this.#shards?.nextRemoval() ?? this.#retention.due(),
      isWaiting: () => this.#crawl.waits(this.#activity()),
    })
    const own = makeJobs({
      ...{ retention: this.#retention, crawl: this.#crawl, index, webhooks: this.#webhooks },
      ...{ division, activity: () => this.#activity() },
    })
    const jobs = this.#shards?.jobsBeside(own) ?? own
    this.#scheduler = new Scheduler(ctx, new JobTable(sql), log, jobs, new DiskSpace(env))
    // The setting may have changed, and what is not known to be done is gone on with.
    for (const job of [division, ...(this.#shards?.resumed ?? [])]) {
      if (jobs.includes(job) && job.due?.() !== undefined)
        ctx.waitUntil(this.#scheduler.resume(job))
    }
  }

  async append(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[] = [],
    { follows, urgent = false }: DeliveryOptions = {},
  ): Promise<LogLayout | undefined> {
    await this.#index.begun()
    const { successor } = this.#shards?.front ?? {}
    if (successor) return successor
    this.#log.assertFollows(did, follows)
    const isUrgent = urgent || collections.length > 0
    const { sent, stored } = this.#grouped.take({ did, events, state, isUrgent })
    this.#send(sent)
    if (collections.length > 0) this.#collections.note(did, collections)
    if (state.status === 'deleted') this.#coverage.end()
    await (stored ?? this.#startWhatIsDue())
    // Who is not to be seen any more is seen nowhere when that is acknowledged.
    if (this.#index.isOn && events.some(({ kind }) => kind === '#account')) {
      await this.#index.settled(did)
    }
    return undefined
  }

  /** For `LogRpc`. */
  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#dispatcher.call(part, method, args)
  }

  listSources(limit: number, after?: number): Answer<SourceRow[]> {
    return this.#lists?.sources(limit, after) ?? this.#sources.list(limit, after)
  }

  fillInState(did: string, state: SourceState): Answer<void> {
    return this.#lists?.fillInState(did, state) ?? this.#sources.fillIn(did, state)
  }

  noteCollections(did: string, changes: readonly CollectionState[]): Answer<void> {
    return this.#lists?.noteCollections(did, changes) ?? this.#collections.note(did, changes)
  }

  listByCollection(name: string, limit: number, after?: number): Answer<CollectionPage> {
    return (
      this.#lists?.byCollection(name, limit, after) ?? this.#collections.list(name, limit, after)
    )
  }

  fillInCollections(did: string, names: readonly string[]): Answer<void> {
    return this.#lists?.fillInCollections(did, names) ?? this.#collections.fillIn(did, names)
  }

  async status(): Promise<FirehoseStatus> {
    const { head, lastEventAt } = this.#read
    const { count: consumers, furthestBehind: behind } = this.#consumers
    const sums = (await this.#lists?.summary()) ?? { accounts: this.#sources.count() }
    return { head, consumers, behind, lastEventAt, relays: this.#crawl.list(), ...sums }
  }

  dump(): ReadableStream<Uint8Array> {
    // Above what consumers may know.
    const head = this.#read.numbered
    const own = dumpRows(this.ctx.storage, sequencerPlan, migrations.length, { head })
    return streamOf(this.#lists?.dump(own) ?? own)
  }

  activity(): Answer<HostActivity> {
    return this.#lists?.activity() ?? this.#activityOfHost.read(Date.now())
  }

  consumers(): ConsumerView[] {
    return listAll([this.#consumers, this.#streams])
  }

  endConsumer(id: string): boolean {
    return this.#consumers.endById(id) || this.#streams.endById(id)
  }

  endConsumers(): Promise<number> {
    return endAll([this.#consumers, this.#streams])
  }

  async requestCrawl(url: string): Promise<CrawlAnswer> {
    const answer = await this.#crawl.askNow(url, Date.now())
    await this.#reschedule()
    return answer
  }

  tellOfEvents(on: boolean): void {
    this.#webhooks.set(on)
  }

  readLog(after: number): Promise<LogPage> {
    return readPage(this.#read, this.#retention, after)
  }

  indexLayouts(): IndexLayouts {
    return this.#index.layouts()
  }

  cursorBefore(count: number): number {
    return (this.#shards?.merged?.log ?? this.#log).cursorBefore(count)
  }

  raiseSequence(above: number, tooHigh?: TooHigh): boolean {
    return raiseWithinReason(this.#log, this.#retention, above, tooHigh)
  }

  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  untilEnded(connection: string): Promise<boolean> {
    return (this.#streams.has(connection) ? this.#streams : this.#consumers).untilEnded(connection)
  }

  /** See `SequencerRpc.fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const newcomer = newcomerOf(request)
    const { 0: client, 1: server } = new WebSocketPair()
    const isTaken = (newcomer.stream ? this.#streams : this.#consumers).add(server, newcomer)
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
    for (const consumers of [this.#consumers, this.#streams]) consumers.remove(socket)
    await this.#reschedule()
  }

  override async alarm(): Promise<void> {
    this.#coverage.end()
    await this.#scheduler.onAlarm()
    this.#coverage.begin()
  }

  /**
   * In the turn in which the events get their numbers, so that no consumer that is catching up can come in between. Where they are
   * stored in this turn, the platform holds the messages back until the rows are durable.
   */
  #send(events: readonly SequencedEvent[]): void {
    this.#consumers.broadcast(events)
    this.#streams.broadcast(events)
  }

  /** To be called in the turn in which events are stored. */
  async #startWhatIsDue(): Promise<void> {
    if (this.#coverage.becomesFull()) this.#coverage.end()
    if (this.#index.isOn) this.#scheduler.start(this.#index.job)
    this.#index.kick()
    if (this.#webhooks.isOn) this.#scheduler.start(this.#webhooks.job)
    if (!this.#coverage.isSet) await this.#reschedule()
  }

  #activity() {
    const { lastEventAt } = this.#read
    return { lastEventAt, consumers: this.#consumers.count }
  }

  async #reschedule(): Promise<void> {
    this.#coverage.begin()
    await this.#scheduler.reschedule()
  }
}
