import type { Logger } from '../../kernel/log.ts'
import type { UnreadBytes } from './unread.ts'

/** ms within which a consumer that reads has read what was sent, and answers the close frame. */
const GRACE = 5000

/** What is known of a connection that is being ended. */
export interface ClosingConnection {
  /** By which the request that opened it waits in `untilEnded`. */
  id: string
  /** Bytes sent. */
  sent: number
}

/**
 * Connections that this side has closed and the other has not yet. The close frame waits behind everything that was
 * sent, so one whose consumer does not read stays, with all its bytes. Where the request that opened it still
 * waits (`untilEnded`), it can break that one connection off. Otherwise, when such connections hold half of what all
 * may hold, the object is reset: that ends every connection, and consumers come back with their cursors.
 */
export class ClosingConnections {
  readonly #ctx: DurableObjectState
  readonly #unread: UnreadBytes
  readonly #log: () => Logger
  readonly #grace: number
  readonly #closing = new Map<WebSocket, ClosingConnection & { overdue: boolean }>()
  readonly #watchers = new Map<string, (stalled: boolean) => void>()

  constructor(ctx: DurableObjectState, unread: UnreadBytes, log: () => Logger, grace = GRACE) {
    this.#ctx = ctx
    this.#unread = unread
    this.#log = log
    this.#grace = grace
  }

  /** How many there are. */
  get count(): number {
    return this.#closing.size
  }

  /** Bytes of these connections. */
  get bytes(): number {
    let sum = 0
    for (const { sent } of this.#closing.values()) sum += sent
    return sum
  }

  /** Whether the connection with this id is one of these. */
  has(id: string): boolean {
    return [...this.#closing.values()].some((connection) => connection.id === id)
  }

  add(socket: WebSocket, connection: ClosingConnection): void {
    this.#closing.set(socket, { id: connection.id, sent: connection.sent, overdue: false })
    this.#ctx.waitUntil(this.#afterGrace(socket))
  }

  /** To be called when a connection has ended: gives its bytes back, if it was one of these. */
  remove(socket: WebSocket): void {
    const connection = this.#closing.get(socket)
    if (!connection) return
    this.#closing.delete(socket)
    this.#unread.giveBack(connection.sent)
    this.release(connection.id, true)
  }

  /** See `SequencerRpc.untilEnded`, for a connection that is not over. */
  untilEnded(id: string): Promise<boolean> {
    for (const { id: known, overdue } of this.#closing.values()) {
      if (known === id && overdue) return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      this.#watchers.set(id, resolve)
    })
  }

  /** Tells the request that waits for the end of a connection whether to break it off. */
  release(id: string, isOver: boolean): void {
    this.#watchers.get(id)?.(isOver)
    this.#watchers.delete(id)
  }

  async #afterGrace(socket: WebSocket): Promise<void> {
    await scheduler.wait(this.#grace)
    const connection = this.#closing.get(socket)
    if (!connection) return
    connection.overdue = true
    this.release(connection.id, true)
    await scheduler.wait(this.#grace)
    let stuck = 0
    for (const { overdue, sent } of this.#closing.values()) if (overdue) stuck += sent
    if (!this.#closing.has(socket) || stuck < this.#unread.limit / 2) return
    this.#log().info('consumers do not read: the firehose starts anew', { bytes: stuck })
    this.#ctx.abort('consumers of the firehose do not read')
  }
}
