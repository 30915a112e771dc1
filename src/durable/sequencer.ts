import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'
import { readConfig } from '../kernel/config/config.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import { migrate } from '../storage/migrate.ts'
import { EventLog } from '../storage/sequencer/log.ts'
import { type RelayRow, Relays } from '../storage/sequencer/relays.ts'
import { Retention } from '../storage/sequencer/retention.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import { type SourceRow, type SourceState, Sources } from '../storage/sequencer/sources.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'
import { Consumers } from './sequencer/consumers.ts'
import { CrawlRequests } from './sequencer/crawl-requests.ts'

/** Time from one look at what is due to the next, at least, in ms. */
const LEAST_PAUSE = 1000

/** How the firehose is doing, for the health and status pages. */
export interface FirehoseStatus {
  /** Number of the newest event. */
  head: number
  /** Consumers listening. */
  consumers: number
  /** Events that the slowest consumer has not been sent. */
  behind: number
  /** When the newest event was stored, in ms since the epoch; undefined: there was none. */
  lastEventAt: number | undefined
  relays: RelayRow[]
}

/**
 * The one order of all events on this host, and the consumers who listen to it. A thin shell: it owns the
 * alarm, shared by what is to be removed and whom to ask.
 */
export class SequencerObject extends DurableObject<Env> {
  readonly #log: EventLog
  readonly #sources: Sources
  readonly #retention: Retention
  readonly #consumers: Consumers
  readonly #crawl: CrawlRequests
  readonly #counter: RowCounter | undefined
  /** Whether the alarm will ring when the next thing is due, whatever events come. */
  #scheduled = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, migrations)
    const config = readConfig({ ...env })
    this.#counter = config.devMode ? countRows(ctx.storage.sql) : undefined
    const sql = this.#counter?.sql ?? ctx.storage.sql
    this.#sources = new Sources(sql)
    this.#log = new EventLog(ctx.storage, this.#sources, sql)
    this.#retention = new Retention(sql, config.eventRetention)
    this.#crawl = new CrawlRequests(new Relays(sql), config.crawlers, config.hostname)
    this.#consumers = new Consumers(ctx, this.#log, this.#retention)
  }

  /**
   * Stores events of one account, in order, and sends them out. Repeats are dropped. `state` is the
   * account's state at the time of the call.
   */
  async append(did: string, events: OutboxEvent[], state: SourceState): Promise<void> {
    // Sent in the same turn as stored, so that no consumer that is catching up can come in between.
    // The platform holds the messages back until the rows are durable.
    this.#consumers.broadcast(this.#log.append(did, events, state))
    if (state.status === 'deleted') this.#scheduled = false
    if (!this.#scheduled) await this.#schedule()
  }

  /** Accounts with events, in order of their DIDs, at most `limit`, after `cursor`. */
  listSources(limit: number, cursor?: string): SourceRow[] {
    return this.#sources.list(limit, cursor)
  }

  /** Fills in the state of an account whose events came before states were told. */
  learn(did: string, state: SourceState): void {
    this.#sources.learn(did, state)
  }

  status(): FirehoseStatus {
    const { head, lastEventAt } = this.#log
    const { count: consumers, furthestBehind: behind } = this.#consumers
    return { head, consumers, behind, lastEventAt, relays: this.#crawl.list() }
  }

  /** Rows read and written since this was last asked for; counted in development only. */
  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  /** Takes a WebSocket upgrade; `?cursor=` asks for the events after that number. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair()
    const cursor = new URL(request.url).searchParams.get('cursor')
    this.#consumers.add(server, cursor === null ? undefined : Number(cursor))
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    this.#consumers.remove(socket)
    // 1005 and 1006 stand for "no code" and may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
    await this.#schedule()
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#consumers.remove(socket)
    await this.#schedule()
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    // Long work gives way to appends and consumers after each piece.
    while (this.#retention.step(now)) await scheduler.wait(0)
    await this.#crawl.run(now, this.#activity())
    await this.#schedule(LEAST_PAUSE)
  }

  #activity() {
    return { lastEventAt: this.#log.lastEventAt, consumers: this.#consumers.count }
  }

  /** Sets the alarm for what is due next, but not before `pause` ms are over. */
  async #schedule(pause = 0): Promise<void> {
    const activity = this.#activity()
    const removal = this.#retention.due()
    const times = [removal, this.#crawl.due(activity)].filter((time) => time !== undefined)
    this.#scheduled = removal !== undefined && !this.#crawl.waits(activity)
    if (times.length === 0) return
    const at = Math.max(Math.min(...times), Date.now() + pause)
    const current = await this.ctx.storage.getAlarm()
    if (current === null || current > at) await this.ctx.storage.setAlarm(at)
  }
}
