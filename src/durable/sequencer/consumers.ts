import { ErrorFrame, MessageFrame } from '@atproto/xrpc-server'
import type { ConsumerView } from '../../contracts/sequencer.ts'
import type { EventLog, SequencedEvent } from '../../storage/sequencer/log.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Admission } from './admission.ts'
import type { ClosingConnections } from './closing.ts'
import {
  type Attachment,
  type BehindAttachment,
  crosses,
  type Ended,
  type Newcomer,
  viewOf,
} from './consumer-state.ts'
import { Throttle } from './throttle.ts'
import type { UnreadBytes } from './unread.ts'

/** Events, and bytes of events, sent to a consumer that catches up before others get a turn. */
const PAGE = 200
const PAGE_BYTES = 512 * 1024

/** Bytes of backlog per second, to all consumers together. */
const BACKLOG_RATE = 32 * 1024 * 1024

/** ms for which a consumer waits for room. */
const ROOM_TIMEOUT = 1000

const TOO_MUCH = 'Too much was sent that may not be read: resume from your cursor'

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001

/** Bytes after which the count of what was sent is made to survive hibernation. */
const NOTE_EVERY = 64 * 1024

/** What consumers are served from, and what they share. */
export interface ConsumerParts {
  log: EventLog
  retention: Retention
  unread: UnreadBytes
  closing: ClosingConnections
  admission: Admission
  /** Whether requests wait for what becomes of connections also when these are live; it keeps the object awake. */
  watchesLive: boolean
}

/**
 * The consumers of `com.atproto.sync.subscribeRepos` (atproto event stream specification). What may wait in memory
 * for all of them is limited (`UnreadBytes`): when it is used up, the connections on which most was sent are ended.
 * Their consumers go on from their cursors on new ones: one that was catching up is told `ConsumerTooSlow`; one that
 * was live has most likely read everything, and is only asked to come again.
 */
export class Consumers {
  readonly #ctx: DurableObjectState
  readonly #parts: ConsumerParts
  readonly #throttle = new Throttle(BACKLOG_RATE)
  /** Those that have caught up, and bytes sent to each. */
  readonly #live = new Map<WebSocket, Attachment>()
  /** Those that are catching up. */
  readonly #behind = new Map<WebSocket, BehindAttachment>()

  constructor(ctx: DurableObjectState, parts: ConsumerParts) {
    this.#ctx = ctx
    this.#parts = parts
    // Sockets outlive the object's memory; each says itself how far it has got.
    for (const socket of ctx.getWebSockets()) {
      const attachment = socket.deserializeAttachment() as Attachment | null
      if (!attachment || socket.readyState === WebSocket.READY_STATE_CLOSED) continue
      const { id = '', cursor, sent, since } = attachment
      parts.unread.add(sent)
      if (socket.readyState !== WebSocket.READY_STATE_OPEN) parts.closing.add(socket, { id, sent })
      else if (cursor === null) this.#live.set(socket, { id, cursor, sent, since })
      else this.#startCatchingUp(socket, { id, cursor, sent, since })
    }
  }

  /** How many listen. */
  get count(): number {
    return this.#live.size + this.#behind.size
  }

  /** How many events the slowest consumer has not been sent yet. */
  get furthestBehind(): number {
    const cursors = [...this.#behind.values()].map(({ cursor }) => cursor)
    return cursors.length > 0 ? this.#parts.log.countAfter(Math.min(...cursors)) : 0
  }

  /** Those who listen, at most `limit`. */
  list(limit: number): ConsumerView[] {
    const { admission, log } = this.#parts
    return [...this.#live, ...this.#behind]
      .slice(0, limit)
      .map(([socket, state]) => viewOf(state, admission.addressOf(socket), log))
  }

  /** Ends the connection with this id, as the operator wants it; false: there is none. */
  endById(id: string): boolean {
    const found = [...this.#live, ...this.#behind].find(([, state]) => state.id === id)
    if (!found) return false
    this.#end(found[0], 'The operator of this host has ended the connection')
    return true
  }

  /** Ends all connections, as the host ends: consumers come back with their cursors. */
  endAll(): void {
    for (const socket of [...this.#live.keys(), ...this.#behind.keys()]) this.#goAway(socket)
  }

  /** Takes a new consumer; false: there is no place for it. */
  add(socket: WebSocket, { id, address, cursor }: Newcomer): boolean {
    const { admission, log, retention } = this.#parts
    const place = admission.ask(address)
    if (place === false) return false
    if (place !== true) this.#end(place, 'There are too many consumers')
    admission.accept(socket, address)
    if (cursor !== undefined && cursor > log.head) {
      this.#close(socket, { id, sent: 0 }, 'FutureCursor', 'Cursor in the future.')
      return true
    }
    const oldest = retention.prunedTo
    if (cursor !== undefined && Math.max(cursor, 0) < oldest) {
      const info = {
        name: 'OutdatedCursor',
        message: 'Requested cursor exceeded limit. Possibly missing events',
      }
      socket.send(new MessageFrame(info, { type: '#info' }).toBytes())
    }
    const start = Math.max(cursor ?? log.head, oldest)
    this.#startCatchingUp(socket, { id, cursor: start, sent: 0, since: Date.now() })
    return true
  }

  /** To be called when a connection has ended. */
  remove(socket: WebSocket): void {
    const { closing, unread } = this.#parts
    const state = this.#forget(socket)
    if (!state) {
      closing.remove(socket)
      return
    }
    unread.giveBack(state.sent)
    closing.release(state.id, true)
  }

  /** See `SequencerRpc.untilEnded`. */
  async untilEnded(id: string): Promise<boolean> {
    const { closing, watchesLive } = this.#parts
    const has = (states: Iterable<Attachment>) => [...states].some((state) => state.id === id)
    const isOpen = has(this.#behind.values()) || (watchesLive && has(this.#live.values()))
    return isOpen || closing.has(id) ? closing.untilEnded(id) : !has(this.#live.values())
  }

  /** Sends events that were stored in this very turn to all who are live. */
  broadcast(events: readonly SequencedEvent[]): void {
    const [first] = events
    if (!first) return
    for (const [socket, state] of this.#live) {
      const before = state.sent
      const count = this.#send(socket, state, events)
      if (count < events.length) this.#makeRoom()
      if (!this.#live.has(socket)) continue
      if (count < events.length) {
        // Nothing more may be sent now: it gets the rest from the log, like one that catches up.
        this.#live.delete(socket)
        this.#startCatchingUp(socket, { ...state, cursor: first.seq + count - 1 })
      } else if (crosses(before, state.sent, NOTE_EVERY)) socket.serializeAttachment(state)
    }
  }

  #startCatchingUp(socket: WebSocket, state: BehindAttachment): void {
    this.#behind.set(socket, state)
    socket.serializeAttachment(state satisfies Attachment)
    this.#ctx.waitUntil(this.#catchUp(socket, state))
  }

  /**
   * Sends a consumer what it has missed, page by page, and then makes it live. Between finding that there is
   * nothing more and going live there is no await, so no event falls between the two.
   */
  async #catchUp(socket: WebSocket, state: BehindAttachment): Promise<void> {
    const { log, retention, unread } = this.#parts
    while (this.#behind.has(socket) && socket.readyState === WebSocket.READY_STATE_OPEN) {
      if (state.cursor < retention.prunedTo) {
        return this.#end(socket, 'Events were removed before they could be sent')
      }
      if (state.cursor >= log.head) return this.#goLive(socket, state)
      const before = state.sent
      // What cannot be sent is not read either: it would be in memory as well.
      const page = unread.has(PAGE_BYTES) ? log.after(state.cursor, PAGE, PAGE_BYTES) : []
      const last = page[this.#send(socket, state, page) - 1]
      if (last) this.#note(socket, state, last)
      else await this.#sendWhenThereIsRoom(socket, state)
      if (state.sent > before) await this.#throttle.take(state.sent - before)
    }
    // Gone, unless its end was noticed before.
    if (this.#behind.has(socket)) this.remove(socket)
  }

  #goLive(socket: WebSocket, { id, sent, since }: BehindAttachment): void {
    const live: Attachment = { id, cursor: null, sent, since }
    this.#behind.delete(socket)
    this.#live.set(socket, live)
    socket.serializeAttachment(live)
    if (!this.#parts.watchesLive) this.#parts.closing.release(id, false)
  }

  /** Sends the next event; ends a connection that waits in vain while it holds room itself. */
  async #sendWhenThereIsRoom(socket: WebSocket, state: BehindAttachment): Promise<void> {
    const { log, unread } = this.#parts
    const bytes = log.sizeAfter(state.cursor) ?? 0
    if (!unread.take(bytes)) {
      this.#makeRoom()
      // Others hold the room and may never give it back; of this one, if it reads, it is had back at once.
      if (!(await unread.waitFor(bytes, state.sent === 0, ROOM_TIMEOUT))) {
        if (state.sent > 0) this.#end(socket, TOO_MUCH)
        return
      }
    }
    const [event] = this.#behind.has(socket) ? log.after(state.cursor, 1, 0) : []
    if (event?.frame.byteLength === bytes && this.#sendOne(socket, state, event.frame)) {
      this.#note(socket, state, event)
    } else unread.giveBack(bytes)
  }

  #note(socket: WebSocket, state: BehindAttachment, last: SequencedEvent): void {
    state.cursor = last.seq
    socket.serializeAttachment(state)
  }

  /** How many of the events were sent; the consumer may be gone after it. */
  #send(socket: WebSocket, state: Attachment, events: readonly SequencedEvent[]): number {
    const { unread } = this.#parts
    let count = 0
    for (const { frame } of events) {
      if (!unread.take(frame.byteLength)) break
      if (!this.#sendOne(socket, state, frame)) {
        unread.giveBack(frame.byteLength)
        break
      }
      count++
    }
    return count
  }

  /** Sends a frame that has room; false: the consumer is gone. It comes back with its own cursor. */
  #sendOne(socket: WebSocket, state: Attachment, frame: Uint8Array): boolean {
    try {
      socket.send(frame)
    } catch {
      this.remove(socket)
      return false
    }
    state.sent += frame.byteLength
    return true
  }

  /** Ends those connections on which most was sent, until a quarter of all room is being made. */
  #makeRoom(): void {
    const { closing, unread } = this.#parts
    const open = [...this.#live, ...this.#behind].filter(([, { sent }]) => sent > 0)
    open.sort(([, one], [, other]) => other.sent - one.sent)
    for (const [socket] of open) {
      if (closing.bytes >= unread.limit / 4) return
      this.#end(socket, TOO_MUCH)
    }
  }

  /** Ends a connection; its consumer is to come back with its cursor. */
  #end(socket: WebSocket, why: string): void {
    const state = this.#forget(socket)
    if (!state) return
    if (state.cursor !== null) this.#close(socket, state, 'ConsumerTooSlow', why)
    else this.#goAway(socket, state)
  }

  /** An error frame would make clients report a failure; after this code they come back by themselves. */
  #goAway(socket: WebSocket, state = this.#forget(socket)): void {
    if (!state) return
    socket.serializeAttachment(state)
    socket.close(GOING_AWAY, 'resume from your cursor')
    this.#parts.closing.add(socket, state)
  }

  /** Ends a connection with an error frame (event stream specification, Framing). */
  #close(socket: WebSocket, state: Ended, error: string, why: string): void {
    socket.serializeAttachment(state)
    socket.send(new ErrorFrame({ error, message: why }).toBytes())
    socket.close(1008, error)
    this.#parts.closing.add(socket, state)
  }

  #forget(socket: WebSocket): Attachment | undefined {
    const state = this.#live.get(socket) ?? this.#behind.get(socket)
    this.#live.delete(socket)
    this.#behind.delete(socket)
    return state
  }
}
