import { DurableObject } from 'cloudflare:workers'
import { ErrorFrame, MessageFrame } from '@atproto/xrpc-server'
import { readConfig } from '../config.ts'
import type { Env } from '../env.ts'
import type { OutboxEvent } from '../storage/account/events.ts'
import { migrate } from '../storage/migrate.ts'
import { EventLog, type SequencedEvent } from '../storage/sequencer/log.ts'
import { migrations } from '../storage/sequencer/schema.ts'
import { countRows, type RowCounter, type RowCounts } from '../storage/sql.ts'

/** Events sent to a consumer that catches up before others get a turn. */
const PAGE = 200

/** How long events are kept, in ms. */
const RETENTION = 72 * 60 * 60 * 1000

/** How often old events are removed, in ms. */
const PRUNE_INTERVAL = 60 * 60 * 1000

/** What survives hibernation with each socket. */
interface Attachment {
  /** Number of the last event sent. */
  cursor: number
}

/**
 * The one order of all events on this host, and the consumers who listen to it
 * (`com.atproto.sync.subscribeRepos`; atproto event stream specification).
 */
export class SequencerObject extends DurableObject<Env> {
  readonly #log: EventLog
  readonly #counter: RowCounter | undefined
  /** Consumers that have caught up and are sent each event as it is stored. */
  readonly #live = new Set<WebSocket>()
  /** Whether the alarm that removes old events is known to be set. */
  #pruning = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, migrations)
    this.#counter = readConfig({ ...env }).devMode ? countRows(ctx.storage.sql) : undefined
    this.#log = new EventLog(ctx.storage, this.#counter?.sql)
    // Sockets outlive the object's memory; each says itself how far it has got.
    for (const socket of ctx.getWebSockets()) {
      const { cursor } = socket.deserializeAttachment() as Attachment
      this.ctx.waitUntil(this.#catchUp(socket, cursor))
    }
  }

  /** Stores events of one account, in order, and sends them out. Repeats are dropped. */
  async append(did: string, events: OutboxEvent[]): Promise<void> {
    // Sent in the same turn as stored, so that no consumer that is catching up can come in between.
    // The platform holds the messages back until the rows are durable.
    const sequenced = this.#log.append(did, events)
    for (const socket of this.#live) this.#send(socket, sequenced)
    if (!this.#pruning) {
      this.#pruning = true
      if ((await this.ctx.storage.getAlarm()) === null) {
        await this.ctx.storage.setAlarm(Date.now() + PRUNE_INTERVAL)
      }
    }
  }

  /** Number of the newest event and of consumers listening, for the health page. */
  status(): { head: number; consumers: number } {
    return { head: this.#log.head, consumers: this.ctx.getWebSockets().length }
  }

  /** Rows read and written since this was last asked for; counted in development only. */
  takeRows(): RowCounts {
    return this.#counter?.take() ?? { read: 0, written: 0 }
  }

  /** Takes a WebSocket upgrade; `?cursor=` asks for the events after that number. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair()
    const cursor = new URL(request.url).searchParams.get('cursor')
    this.ctx.acceptWebSocket(server)
    this.#subscribe(server, cursor === null ? undefined : Number(cursor))
    return new Response(null, { status: 101, webSocket: client })
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#live.delete(socket)
    // 1005 and 1006 stand for "no code" and may not be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
  }

  override webSocketError(socket: WebSocket): void {
    this.#live.delete(socket)
  }

  override async alarm(): Promise<void> {
    this.#log.prune(Date.now() - RETENTION)
    await this.ctx.storage.setAlarm(Date.now() + PRUNE_INTERVAL)
  }

  #subscribe(socket: WebSocket, cursor: number | undefined): void {
    const { head } = this.#log
    if (cursor !== undefined && cursor > head) {
      const error = new ErrorFrame({ error: 'FutureCursor', message: 'Cursor in the future.' })
      socket.send(error.toBytes())
      socket.close(1008, 'FutureCursor')
      return
    }
    const oldest = this.#log.oldest()
    if (cursor !== undefined && oldest !== undefined && cursor < oldest - 1) {
      const info = {
        name: 'OutdatedCursor',
        message: 'Requested cursor exceeded limit. Possibly missing events',
      }
      socket.send(new MessageFrame(info, { type: '#info' }).toBytes())
    }
    socket.serializeAttachment({ cursor: cursor ?? head } satisfies Attachment)
    this.ctx.waitUntil(this.#catchUp(socket, cursor ?? head))
  }

  /**
   * Sends a consumer what it has missed, page by page, and then makes it live. Between reading the
   * last, empty page and going live there is no await, so no event falls between the two.
   */
  async #catchUp(socket: WebSocket, from: number): Promise<void> {
    let cursor = from
    while (socket.readyState === WebSocket.READY_STATE_OPEN) {
      const page = this.#log.after(cursor, PAGE)
      const newest = page.at(-1)
      if (!newest) {
        this.#live.add(socket)
        return
      }
      this.#send(socket, page)
      cursor = newest.seq
      await scheduler.wait(0)
    }
  }

  #send(socket: WebSocket, events: readonly SequencedEvent[]): void {
    try {
      for (const { frame } of events) socket.send(frame)
      const newest = events.at(-1)
      if (newest) socket.serializeAttachment({ cursor: newest.seq } satisfies Attachment)
    } catch {
      // The consumer is gone; it comes back with its own cursor.
      this.#live.delete(socket)
    }
  }
}
