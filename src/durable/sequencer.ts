import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'
import type {
  ConsumerView,
  CrawlAnswer,
  FirehoseStatus,
  IndexLayouts,
  LogPage,
  SequencerRpc,
  StreamRequest,
} from '../contracts/sequencer.ts'
import { readConfig } from '../kernel/config/config.ts'
import { createLogger } from '../kernel/log.ts'
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
import { EventLog } from '../storage/sequencer/log.ts'
import { Relays } from '../storage/sequencer/relays.ts'
import { Retention } from '../storage/sequencer/retention.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import { type CollectionPage, SourceCollections } from '../storage/sequencer/source-collections.ts'
import { type SourceRow, type SourceState, Sources } from '../storage/sequencer/sources.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'
import { Scheduler } from './scheduler.ts'
import { endAll, listAll } from './sequencer/all-consumers.ts'
import type { Consumers } from './sequencer/consumers.ts'
import { CrawlRequests } from './sequencer/crawl-requests.ts'
import { type IndexFeed, readPage } from './sequencer/index-feed.ts'
import { makeConsumers } from './sequencer/make-consumers.ts'
import { makeIndex } from './sequencer/make-index.ts'
import { WebhookWake } from './sequencer/webhook-wake.ts'

/**
 * The one order of all events on this host, and the consumers who listen to it. A thin shell over
 * `src/storage/sequencer`.
 */
export class SequencerObject extends DurableObject<Env> implements SequencerRpc {
  readonly #scheduler: Scheduler
  readonly #log: EventLog
  readonly #sources: Sources
  readonly #collections: SourceCollections
  readonly #retention: Retention
  readonly #consumers: Consumers
  /** Of subscriptions that a project has made of the log. They get no room of the firehose's. */
  readonly #streams: Consumers
  readonly #crawl: CrawlRequests
  readonly #index: IndexFeed
  readonly #webhooks: WebhookWake
  readonly #activityOfHost: Activity
  readonly #counter: RowCounter | undefined
  /** Whether the alarm is set for what is due next, whatever events come, until the log is full. */
  #alarmCoversNextEvent = false
  /** `Retention.fullAt` for which the alarm was set. */
  #alarmForFullAt: number | undefined

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
    this.#retention = new Retention(sql, config.eventRetention, {
      overwrites: env.BLOB_DISK !== undefined,
    })
    const { operator } = networkOf(env, config)
    this.#crawl = new CrawlRequests(new Relays(sql), config.crawlers, config.hostname, operator)
    const parts = {
      log: this.#log,
      retention: this.#retention,
      sources: this.#sources,
      logger: log,
    }
    const { consumers, streams } = makeConsumers(ctx, env, config, parts)
    this.#consumers = consumers
    this.#streams = streams
    const objects = hostObjects(env)
    const { index, division } = makeIndex(ctx.storage, sql, config, { ...parts, objects })
    this.#index = index
    this.#webhooks = new WebhookWake(ctx.storage.kv, {
      head: () => this.#log.head,
      wake: (head) => objects.hostIndex.webhooks.wake(head),
    })
    this.#scheduler = new Scheduler(
      ctx,
      new JobTable(sql),
      log,
      [
        {
          name: 'remove old events',
          due: () => this.#retention.due(),
          run: () => this.#removeOldEvents(),
        },
        {
          name: 'request crawls',
          due: () => this.#crawl.due(this.#activity()),
          run: () => this.#crawl.run(Date.now(), this.#activity()),
        },
        this.#index.job,
        division,
        this.#webhooks.job,
      ],
      new DiskSpace(env),
    )
    // The setting may have changed.
    if (division.due?.() !== undefined) ctx.waitUntil(this.#scheduler.resume(division))
  }

  async append(
    did: string,
    events: OutboxEvent[],
    state: SourceState,
    collections: readonly CollectionState[] = [],
  ): Promise<void> {
    await this.#index.begun()
    // Sent in the same turn as stored, so that no consumer that is catching up can come in between.
    // The platform holds the messages back until the rows are durable.
    const stored = this.#log.append(did, events, state)
    this.#consumers.broadcast(stored)
    this.#streams.broadcast(stored)
    if (collections.length > 0) this.#collections.note(did, collections)
    if (state.status === 'deleted' || this.#becomesFull()) this.#alarmCoversNextEvent = false
    if (this.#index.isOn) this.#scheduler.start(this.#index.job)
    this.#index.kick()
    if (this.#webhooks.isOn) this.#scheduler.start(this.#webhooks.job)
    if (!this.#alarmCoversNextEvent) await this.#reschedule()
    // Who is not to be seen any more is seen nowhere when that is acknowledged.
    if (this.#index.isOn && events.some(({ kind }) => kind === '#account')) {
      await this.#index.settled(did)
    }
  }

  listSources(limit: number, after?: number): SourceRow[] {
    return this.#sources.list(limit, after)
  }

  fillInState(did: string, state: SourceState): void {
    this.#sources.fillIn(did, state)
  }

  noteCollections(did: string, changes: readonly CollectionState[]): void {
    this.#collections.note(did, changes)
  }

  listByCollection(name: string, limit: number, after?: number): CollectionPage {
    return this.#collections.list(name, limit, after)
  }

  fillInCollections(did: string, names: readonly string[]): void {
    this.#collections.fillIn(did, names)
  }

  status(): FirehoseStatus {
    const { head, lastEventAt } = this.#log
    const { count: consumers, furthestBehind: behind } = this.#consumers
    const accounts = this.#sources.count()
    return { head, consumers, behind, lastEventAt, relays: this.#crawl.list(), accounts }
  }

  dump(): ReadableStream<Uint8Array> {
    const { head } = this.#log
    return streamOf(dumpRows(this.ctx.storage, sequencerPlan, migrations.length, { head }))
  }

  activity(): HostActivity {
    return this.#activityOfHost.read(Date.now())
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

  readLog(after: number): LogPage {
    return readPage(this.#log, this.#retention, after)
  }

  indexLayouts(): IndexLayouts {
    return this.#index.layouts()
  }

  cursorBefore(count: number): number {
    return this.#log.cursorBefore(count)
  }

  raiseSequence(above: number, tooHigh: 'refuse' | 'as far as it goes' = 'refuse'): boolean {
    // Numbers begin with microseconds and count up by one: a relay that knows a later one makes it up.
    const most = Date.now() * 1000
    if (!Number.isSafeInteger(above) || above < 0) return false
    if (above > most && tooHigh === 'refuse') return false
    this.#log.raise(Math.min(above, most))
    // What consumers may have read is of a host that was lost.
    if (this.#log.lastEventAt === undefined) this.#retention.forgetTo(this.#log.head)
    return true
  }

  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  untilEnded(connection: string): Promise<boolean> {
    return (this.#streams.has(connection) ? this.#streams : this.#consumers).untilEnded(connection)
  }

  /** See `SequencerRpc.fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair()
    const { searchParams } = new URL(request.url)
    const cursor = searchParams.get('cursor')
    const asked = searchParams.get('stream')
    const stream = asked === null ? undefined : (JSON.parse(asked) as StreamRequest)
    const accepted = (stream ? this.#streams : this.#consumers).add(server, {
      id: searchParams.get('connection') ?? '',
      address: searchParams.get('address') ?? undefined,
      cursor: cursor === null ? undefined : Number(cursor),
      ...(stream && { stream }),
    })
    if (!accepted) return new Response(null, { status: 429 })
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    for (const consumers of [this.#consumers, this.#streams]) consumers.remove(socket)
    // 1005 and 1006 stand for "no code" and may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
    await this.#reschedule()
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    for (const consumers of [this.#consumers, this.#streams]) consumers.remove(socket)
    await this.#reschedule()
  }

  override async alarm(): Promise<void> {
    this.#alarmCoversNextEvent = false
    await this.#scheduler.onAlarm()
    this.#noteCoverage()
  }

  /** Long work gives way to appends and consumers after each piece. */
  async #removeOldEvents(): Promise<void> {
    const now = Date.now()
    await this.#index.flushSoon()
    while (this.#retention.step(now)) await scheduler.wait(0)
  }

  /** Whether the log has become too large since this was last asked. */
  #becomesFull(): boolean {
    const { fullAt } = this.#retention
    if (this.#log.total <= fullAt || this.#alarmForFullAt === fullAt) return false
    this.#alarmForFullAt = fullAt
    return true
  }

  #activity() {
    return { lastEventAt: this.#log.lastEventAt, consumers: this.#consumers.count }
  }

  async #reschedule(): Promise<void> {
    this.#noteCoverage()
    await this.#scheduler.reschedule()
  }

  #noteCoverage(): void {
    this.#alarmCoversNextEvent =
      this.#retention.due() !== undefined && !this.#crawl.waits(this.#activity())
  }
}
