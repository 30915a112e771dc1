import { ErrorFrame, MessageFrame } from '@atproto/xrpc-server'
import type { EventLog, SequencedEvent } from '../../storage/sequencer/log.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import { Throttle } from './throttle.ts'

/** Events, and bytes of events, sent to a consumer that catches up before others get a turn. */
const PAGE = 200
const PAGE_BYTES = 512 * 1024

/** Bytes of backlog per second, to all consumers together. */
const BACKLOG_RATE = 32 * 1024 * 1024

/**
 * Most bytes sent on one connection. The platform queues without limit what a consumer does not read,
 * and does not say how much that is (there is no `bufferedAmount`, and `send` never blocks or throws):
 * so all that was sent may still be in memory, of which an isolate has 128 MB. A consumer goes on from its
 * cursor on a new connection: one that was catching up is told `ConsumerTooSlow`; one that was live has most
 * likely read everything, and is only asked to come again.
 */
const MAX_SENT = 64 * 1024 * 1024

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001

/** Bytes after which the count of what was sent is made to survive hibernation. */
const NOTE_EVERY = 1024 * 1024

/**
 * What survives hibernation with each socket. A live consumer needs no cursor: events are sent to it in
 * the turn in which they are stored, so whenever the object sleeps it has all of them. So a live event
 * costs no attachment. In a crash the sockets end too, and consumers come back with their own cursors.
 */
interface Attachment {
  /** Number of the last event sent; null: the consumer is live. */
  cursor: number | null
  /** Bytes sent. */
  sent: number
}

/** The consumers of `com.atproto.sync.subscribeRepos` (atproto event stream specification). */
export class Consumers {
  readonly #ctx: DurableObjectState
  readonly #log: EventLog
  readonly #retention: Retention
  readonly #throttle: Throttle
  readonly #maxSent: number
  /** Those that have caught up, and bytes sent to each. */
  readonly #live = new Map<WebSocket, Attachment>()
  /** Those that are catching up. */
  readonly #behind = new Map<WebSocket, Attachment & { cursor: number }>()

  constructor(ctx: DurableObjectState, log: EventLog, retention: Retention, maxSent = MAX_SENT) {
    this.#ctx = ctx
    this.#log = log
    this.#retention = retention
    this.#maxSent = maxSent
    this.#throttle = new Throttle(BACKLOG_RATE)
    // Sockets outlive the object's memory; each says itself how far it has got.
    for (const socket of ctx.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment | null
      if (!attachment || socket.readyState !== WebSocket.READY_STATE_OPEN) continue
      const { cursor, sent } = attachment
      if (cursor === null) this.#live.set(socket, { cursor, sent })
      else this.#startCatchingUp(socket, cursor, sent)
    }
  }

  /** How many listen. */
  get count(): number {
    return this.#live.size + this.#behind.size
  }

  /** How many events the slowest consumer has not been sent yet. */
  get furthestBehind(): number {
    const cursors = [...this.#behind.values()].map(({ cursor }) => cursor)
    return cursors.length > 0 ? this.#log.head - Math.min(...cursors) : 0
  }

  /** Takes a new consumer who wants the events after `cursor`, or those from now on. */
  add(socket: WebSocket, cursor: number | undefined): void {
    this.#ctx.acceptWebSocket(socket)
    const { head } = this.#log
    if (cursor !== undefined && cursor > head) {
      refuse(socket, 'FutureCursor', 'Cursor in the future.')
      return
    }
    const oldest = this.#retention.prunedTo
    if (cursor !== undefined && Math.max(cursor, 0) < oldest) {
      const info = {
        name: 'OutdatedCursor',
        message: 'Requested cursor exceeded limit. Possibly missing events',
      }
      socket.send(new MessageFrame(info, { type: '#info' }).toBytes())
    }
    this.#startCatchingUp(socket, Math.max(cursor ?? head, oldest), 0)
  }

  remove(socket: WebSocket): void {
    this.#live.delete(socket)
    this.#behind.delete(socket)
  }

  /** Sends events that were stored in this very turn to all who are live. */
  broadcast(events: readonly SequencedEvent[]): void {
    for (const [socket, state] of this.#live) {
      const before = state.sent
      if (!this.#send(socket, state, events)) continue
      if (crosses(before, state.sent, NOTE_EVERY)) socket.serializeAttachment(state)
    }
  }

  #startCatchingUp(socket: WebSocket, cursor: number, sent: number): void {
    const state = { cursor, sent }
    this.#behind.set(socket, state)
    socket.serializeAttachment(state satisfies Attachment)
    this.#ctx.waitUntil(this.#catchUp(socket, state))
  }

  /**
   * Sends a consumer what it has missed, page by page, and then makes it live. Between reading the
   * last, empty page and going live there is no await, so no event falls between the two.
   */
  async #catchUp(socket: WebSocket, state: { cursor: number; sent: number }): Promise<void> {
    while (this.#behind.has(socket) && socket.readyState === WebSocket.READY_STATE_OPEN) {
      if (state.cursor < this.#retention.prunedTo) {
        this.#drop(socket, 'Events were removed before they could be sent')
        return
      }
      const page = this.#log.after(state.cursor, PAGE, PAGE_BYTES)
      const newest = page.at(-1)
      if (!newest) {
        const live: Attachment = { cursor: null, sent: state.sent }
        this.#behind.delete(socket)
        this.#live.set(socket, live)
        socket.serializeAttachment(live)
        return
      }
      const before = state.sent
      if (!this.#send(socket, state, page)) return
      state.cursor = newest.seq
      socket.serializeAttachment(state)
      await this.#throttle.take(state.sent - before)
    }
    this.remove(socket)
  }

  /** Whether the consumer is still there. */
  #send(socket: WebSocket, state: { sent: number }, events: readonly SequencedEvent[]): boolean {
    try {
      for (const { frame } of events) {
        if (state.sent + frame.byteLength > this.#maxSent) {
          this.#renew(socket)
          return false
        }
        socket.send(frame)
        state.sent += frame.byteLength
      }
      return true
    } catch {
      // The consumer is gone; it comes back with its own cursor.
      this.remove(socket)
      return false
    }
  }

  /** Ends a connection on which as much was sent as one may have. */
  #renew(socket: WebSocket): void {
    if (this.#behind.has(socket)) {
      this.#drop(socket, 'Too much was sent on this connection: resume from your cursor')
      return
    }
    this.remove(socket)
    // An error frame would make clients report a failure; after this code they come back by themselves.
    socket.close(GOING_AWAY, 'resume from your cursor')
  }

  #drop(socket: WebSocket, message: string): void {
    this.remove(socket)
    refuse(socket, 'ConsumerTooSlow', message)
  }
}

/** Ends a connection with an error frame (event stream specification, Framing). */
function refuse(socket: WebSocket, error: string, message: string): void {
  socket.send(new ErrorFrame({ error, message }).toBytes())
  socket.close(1008, error)
}

const crosses = (before: number, after: number, step: number) =>
  Math.floor(before / step) !== Math.floor(after / step)
