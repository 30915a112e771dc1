import type { ConsumerView } from '../../contracts/sequencer.ts'
import type { StreamFrame } from '../../kernel/cbor/event-stream.ts'
import type { SequencedEvent } from '../../storage/sequencer/log.ts'
import {
  type Attachment,
  type BehindAttachment,
  bytesOf,
  type ConsumerParts,
  crosses,
  type Ended,
  GOING_AWAY,
  hasId,
  mostSentFirst,
  type Newcomer,
  NOTE_EVERY,
  PAGE,
  pageBytes,
  ROOM_TIMEOUT,
  TOO_MUCH,
  viewOf,
} from './consumer-state.ts'
import { Turns } from './turns.ts'

/**
 * The consumers of `com.atproto.sync.subscribeRepos`, or of streams that are made of the same log (event stream
 * specification). What may wait in memory for all of them is limited (`UnreadBytes`): when it is used up, the connections on
 * which most was sent are ended. Their consumers go on from their cursors: one that was catching up is told
 * `ConsumerTooSlow`; one that was live has most likely read everything, and is only asked to come again.
 */
export class Consumers {
  readonly #ctx: DurableObjectState
  readonly #parts: ConsumerParts
  readonly #turns = new Turns()
  /** Those that have caught up, and bytes sent to each. */
  readonly #live = new Map<WebSocket, Attachment>()
  /** Those that are catching up. */
  readonly #behind = new Map<WebSocket, BehindAttachment>()

  constructor(ctx: DurableObjectState, parts: ConsumerParts) {
    this.#ctx = ctx
    this.#parts = parts
    // Sockets outlive the object's memory; each says itself how far it has got.
    for (const socket of parts.admission.sockets()) {
      const attachment = socket.deserializeAttachment() as Attachment | null
      if (!attachment || socket.readyState === WebSocket.READY_STATE_CLOSED) continue
      const { id = '', cursor, ...rest } = attachment
      parts.unread.add(rest.sent)
      if (socket.readyState !== WebSocket.READY_STATE_OPEN)
        parts.closing.add(socket, { id, ...rest })
      else if (cursor === null) this.#live.set(socket, { id, cursor, ...rest })
      else this.#startCatchingUp(socket, { id, cursor, ...rest })
    }
  }

  /** Loads what those who are live listen to: to be awaited before the first event. */
  async load(): Promise<void> {
    for (const [socket, { stream }] of this.#live) {
      await this.#parts.wire.load(stream)
      if (!this.#parts.wire.has(stream)) this.#goAway(socket)
    }
  }

  /** How many listen. */
  get count(): number {
    return this.#live.size + this.#behind.size
  }

  /** Connections, those that are being ended, too. */
  get connections(): number {
    return this.count + this.#parts.closing.count
  }

  /** Whether the connection with this id is one of these. */
  has(id: string): boolean {
    return hasId(this.#live, id) || hasId(this.#behind, id) || this.#parts.closing.has(id)
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
  add(socket: WebSocket, { id, address, cursor, stream }: Newcomer): boolean {
    const { admission, log, retention, wire } = this.#parts
    const place = admission.ask(address)
    if (place === false) return false
    if (place !== true) this.#end(place, 'There are too many consumers')
    admission.accept(socket, address)
    if (cursor !== undefined && cursor > log.numbered) {
      this.#close(socket, { id, sent: 0, stream }, 'FutureCursor', 'Cursor in the future.')
      return true
    }
    const oldest = retention.prunedTo
    if (cursor !== undefined && Math.max(cursor, 0) < oldest) {
      const info = wire.outdated(stream)
      if (info) socket.send(info)
    }
    const start = Math.max(cursor ?? log.numbered, oldest)
    const since = Date.now()
    this.#startCatchingUp(socket, { id, cursor: start, sent: 0, since, ...(stream && { stream }) })
    return true
  }

  /** To be called when a connection has ended. */
  remove(socket: WebSocket): void {
    const { closing, unread } = this.#parts
    const state = this.#forget(socket)
    closing.remove(socket)
    if (!state) return
    unread.giveBack(state.sent)
    closing.release(state.id, true)
  }

  /** See `SequencerRpc.untilEnded`. */
  async untilEnded(id: string): Promise<boolean> {
    const { closing, watchesLive } = this.#parts
    const isOpen = hasId(this.#behind, id) || (watchesLive && hasId(this.#live, id))
    return isOpen || closing.has(id) ? closing.untilEnded(id) : !hasId(this.#live, id)
  }

  /** Sends events that got their numbers in this very turn to all who are live. */
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
    const ended = this.#catchUp(socket, state).finally(() => {
      // The events cannot be read: it comes back with its cursor.
      if (this.#behind.get(socket) === state) this.#goAway(socket)
    })
    this.#ctx.waitUntil(ended)
  }

  /**
   * Sends a consumer what it has missed, page by page, and then makes it live. Between finding that there is
   * nothing more, neither stored nor waiting for that, and going live there is no await, so no event falls between the two.
   */
  async #catchUp(socket: WebSocket, state: BehindAttachment): Promise<void> {
    const { log, retention, unread, wire } = this.#parts
    await wire.load(state.stream)
    if (!wire.has(state.stream)) return this.#goAway(socket)
    while (this.#behind.has(socket) && socket.readyState === WebSocket.READY_STATE_OPEN) {
      if (state.cursor < retention.prunedTo) {
        return this.#end(socket, 'Events were removed before they could be sent')
      }
      // What those who are live were sent, and is not stored yet, is stored: from there it gets it, too.
      if (state.cursor >= log.head && !log.settle()) return this.#goLive(socket, state)
      // What cannot be sent is not read either: it would be in memory as well.
      const size = pageBytes(log.lastEventAt)
      const page = unread.has(size) ? await log.after(state.cursor, PAGE, size) : []
      if (!this.#behind.has(socket)) return
      const count = this.#send(socket, state, page)
      const last = page[count - 1]
      if (last) this.#note(socket, state, last)
      else await this.#sendWhenThereIsRoom(socket, state)
      await this.#turns.next()
    }
    // Gone, unless its end was noticed before.
    if (this.#behind.has(socket)) this.remove(socket)
  }

  #goLive(socket: WebSocket, { id, ...state }: BehindAttachment): void {
    const live: Attachment = { id, ...state, cursor: null }
    this.#behind.delete(socket)
    this.#live.set(socket, live)
    socket.serializeAttachment(live)
    if (!this.#parts.watchesLive) this.#parts.closing.release(id, false)
  }

  /** Sends the next event; ends a connection that waits in vain while it holds room itself. */
  async #sendWhenThereIsRoom(socket: WebSocket, state: BehindAttachment): Promise<void> {
    const { log, unread } = this.#parts
    const bytes = (await log.sizeAfter(state.cursor)) ?? 0
    if (!unread.take(bytes)) {
      this.#makeRoom()
      // Others hold the room and may never give it back; of this one, if it reads, it is had back at once.
      if (!(await unread.waitFor(bytes, state.sent === 0, ROOM_TIMEOUT))) {
        if (state.sent > 0) this.#end(socket, TOO_MUCH)
        return
      }
    }
    const [event] = this.#behind.has(socket) ? await log.after(state.cursor, 1, 0) : []
    if (event?.frame.byteLength !== bytes || !this.#behind.has(socket))
      return unread.giveBack(bytes)
    const frames = this.#parts.wire.framesOf(state.stream, event)
    unread.giveBack(bytes - bytesOf(frames))
    if (this.#sendAll(socket, state, frames)) this.#note(socket, state, event)
  }

  #note(socket: WebSocket, state: BehindAttachment, last: SequencedEvent): void {
    state.cursor = last.seq
    socket.serializeAttachment(state)
  }

  /** How many of the events were sent; the consumer may be gone after it. */
  #send(socket: WebSocket, state: Attachment, events: readonly SequencedEvent[]): number {
    const { unread, wire } = this.#parts
    let count = 0
    for (const event of events) {
      const frames = wire.framesOf(state.stream, event)
      const bytes = bytesOf(frames)
      if (bytes > 0 && !unread.take(bytes)) break
      if (!this.#sendAll(socket, state, frames)) break
      count++
    }
    return count
  }

  /** Sends what has room, or gives that back: then the consumer is gone. It comes back with its own cursor. */
  #sendAll(socket: WebSocket, state: Attachment, frames: readonly StreamFrame[]): boolean {
    const bytes = bytesOf(frames)
    try {
      for (const frame of frames) socket.send(frame)
    } catch {
      this.remove(socket)
      this.#parts.unread.giveBack(bytes)
      return false
    }
    state.sent += bytes
    return true
  }

  /** Ends those connections on which most was sent, until a quarter of all room is being made. */
  #makeRoom(): void {
    const { closing, unread } = this.#parts
    for (const [socket] of mostSentFirst([...this.#live, ...this.#behind])) {
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
    socket.send(this.#parts.wire.error(state.stream, error, why))
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
