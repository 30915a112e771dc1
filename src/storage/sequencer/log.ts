import type { OutboxEvent } from '../account/events.ts'
import { countAfter, EventRows, type Totals } from './event-rows.ts'
import { toFrame } from './frame.ts'
import type { SequencedEvent, SourcedEvent } from './pack.ts'
import type { SourceState, Sources } from './sources.ts'
import { WaitingEvents, writeDeliveries } from './waiting-events.ts'

export type { SequencedEvent, SourcedEvent } from './pack.ts'

/** Numbers that are reserved at once: so many are left out when the object ends without having used them. */
const RESERVED = 10_000

/** A delivery came before the one that it follows, which was lost: the account is to begin again with its oldest event. */
export class GapError extends Error {
  override name = 'GapError'
  constructor(did: string, follows: number) {
    super(`events of ${did} up to its number ${follows} are missing`)
  }
}

/**
 * The one order of all events of this host. `seq` only grows and never comes back, also when old events are
 * removed.
 */
export class EventLog {
  readonly #isSentAtOnce: boolean
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #sources: Sources
  readonly #rows: EventRows
  /** The number of the newest event that is stored. */
  #head: number
  /** The number of the newest event of all; or the highest that one may have had in an earlier life. */
  #numbered: number
  /** No number up to this one is given again, whatever becomes of this object. */
  #reservedTo: number
  /** The next event has a higher number. */
  #raisedTo: number
  readonly #waiting = new WaitingEvents()
  #whenStored: (error?: unknown) => void = () => {}
  #totals: Totals
  #lastEventAt: number | undefined

  /**
   * @param first number of the first event of all
   * @param sql the database of `storage`, wrapped where its rows are counted
   * @param isSentAtOnce whether events are sent before they are stored: then the number of one that is lost is never given again
   */
  constructor(
    storage: DurableObjectStorage,
    sources: Sources,
    first: number,
    sql: SqlStorage = storage.sql,
    isSentAtOnce = true,
  ) {
    this.#isSentAtOnce = isSentAtOnce
    this.#storage = storage
    this.#sources = sources
    this.#sql = sql
    this.#rows = new EventRows(sql)
    // The newest row is never removed, so the newest number is always there once one was.
    const newest = sql
      .exec<{ seq: number; time: number; total: number | null; events: number }>(
        'SELECT seq, time, total, coalesce(events, seq) AS events FROM event ORDER BY seq DESC LIMIT 1',
      )
      .toArray()[0]
    const { raised_to, reserved_to } = sql
      .exec<{ raised_to: number; reserved_to: number }>(
        'SELECT raised_to, reserved_to FROM horizon',
      )
      .one()
    this.#raisedTo = raised_to
    this.#reservedTo = reserved_to
    this.#head = newest?.seq ?? Math.max(first - 1, raised_to)
    this.#numbered = Math.max(this.#head, reserved_to)
    // Events of before totals were stored are as large as the database.
    const bytes = newest ? (newest.total ?? sql.databaseSize) : 0
    this.#totals = { bytes, events: newest?.events ?? this.#head }
    this.#lastEventAt = newest?.time
  }

  /** The number of the newest event that is stored; before the first, the one before that. */
  get head(): number {
    return this.#head
  }

  /** The highest number that a consumer may know. */
  get numbered(): number {
    return this.#numbered
  }

  /**
   * The next event gets a higher number than this one: what relays know of this host may be in its future, after a
   * restore. Does nothing where numbers are higher already.
   *
   * @param isFirst whether there was no event yet, also none that other objects have
   */
  raise(above: number, isFirst = this.#lastEventAt === undefined): void {
    if (above <= Math.max(this.#numbered, this.#raisedTo)) return
    this.#sql.exec('UPDATE horizon SET raised_to = ?', above)
    this.#raisedTo = above
    if (!isFirst) return
    this.#head = above
    this.#numbered = above
  }

  /** The next event gets a higher number than this one, too. */
  get raisedTo(): number {
    return Math.max(this.#raisedTo, this.#numbered)
  }

  /** The cursor after which there are so many events, or as many as are kept. */
  cursorBefore(count: number): number {
    const oldest = this.#rows.newest(count).at(-1)
    return oldest ? oldest.seq - 1 : this.#head
  }

  /** How many events there are after `cursor`; those that were removed in between count. */
  countAfter(cursor: number): number {
    return countAfter(this.#sql, cursor)
  }

  /** Bytes of all rows that were ever stored. */
  get total(): number {
    return this.#totals.bytes
  }

  /** When the newest event was stored, in ms since the epoch. */
  get lastEventAt(): number | undefined {
    return this.#lastEventAt
  }

  /** How many events wait to be stored, and bytes of their frames. */
  get waiting(): { readonly events: number; readonly bytes: number } {
    return this.#waiting
  }

  /** The account's own number of the last event of it that has a number here. Undefined: none has. */
  lastOf(did: string): number | undefined {
    return this.#waiting.lastOf(did) ?? this.#sources.lastEvent(did)
  }

  /** Whether events of an account wait to be stored. */
  waitsFor(did: string): boolean {
    return this.#waiting.lastOf(did) !== undefined
  }

  /**
   * Makes sure that the delivery before this one has arrived.
   *
   * @param follows the account's own number of the last event of that; undefined: everything older is stored
   * @throws GapError
   */
  assertFollows(did: string, follows: number | undefined): void {
    if (follows !== undefined && (this.lastOf(did) ?? 0) < follows) throw new GapError(did, follows)
  }

  /** To be called whenever events that waited are stored, or could not be. */
  whenStored(callback: (error?: unknown) => void): void {
    this.#whenStored = callback
  }

  /**
   * Numbers and stores those events of one account that have no numbers yet, and all that wait, and the states of their
   * accounts: all or nothing. A row written for them together, and one for each account.
   */
  append(did: string, events: readonly OutboxEvent[], state: SourceState): SequencedEvent[] {
    const before = this.#numbered
    const isAlone = this.#waiting.isEmpty
    const numbered = this.#number(did, events, state)
    if (!numbered) return []
    try {
      this.#store()
    } catch (error) {
      // Nobody was sent them.
      if (isAlone) this.#numbered = before
      throw error
    }
    return numbered
  }

  /**
   * Numbers those events of one account that have no numbers yet, and stores them with the next that are stored. They may be sent
   * at once: should they be lost, their numbers are not given again, and the account, which was not told that they are stored,
   * delivers them anew.
   */
  defer(did: string, events: readonly OutboxEvent[], state: SourceState): SequencedEvent[] {
    const upTo = this.raisedTo + events.length
    if (this.#isSentAtOnce && upTo > this.#reservedTo) {
      // What is sent in this turn is held back until this is durable.
      this.#sql.exec('UPDATE horizon SET reserved_to = ?', upTo + RESERVED)
      this.#reservedTo = upTo + RESERVED
    }
    this.#lastEventAt = Date.now()
    return this.#number(did, events, state) ?? []
  }

  /** Stores what waits. Whoever wants to know is told of the outcome. @returns whether anything waited */
  settle(): boolean {
    if (this.#waiting.isEmpty) return false
    try {
      this.#store()
    } catch {
      // That was told.
    }
    return true
  }

  #number(
    did: string,
    events: readonly OutboxEvent[],
    state: SourceState,
  ): SequencedEvent[] | undefined {
    const last = this.lastOf(did)
    const fresh = events.filter(({ id }) => last === undefined || id > last)
    const newest = fresh.at(-1)
    if (!newest) return undefined
    const first = this.raisedTo + 1
    const sequenced = fresh.map((event, index): SequencedEvent => {
      const seq = first + index
      return { seq, frame: toFrame(event, seq) }
    })
    const isGone = state.status === 'deleted'
    const farewell = isGone ? fresh.findLastIndex(({ kind }) => kind === '#account') : -1
    this.#waiting.add({
      ...{ did, state, last: newest.id, events: sequenced },
      farewell: farewell < 0 ? undefined : first + farewell,
    })
    this.#numbered = first + fresh.length - 1
    return sequenced
  }

  #store(): void {
    const waiting = this.#waiting.take()
    const time = Date.now()
    try {
      const [totals, commit] = this.#storage.transactionSync(() =>
        writeDeliveries(this.#sql, this.#rows, waiting, time, this.#totals),
      )
      commit()
      this.#totals = totals
    } catch (error) {
      this.#whenStored(error)
      throw error
    }
    this.#head = waiting.at(-1)?.events.at(-1)?.seq ?? this.#head
    this.#lastEventAt = time
    for (const { did, last } of waiting) this.#sources.cacheLastEvent(did, last)
    this.#whenStored()
  }

  /** Bytes of the first event after `cursor`; undefined: there is none. */
  sizeAfter(cursor: number): number | undefined {
    return this.#rows.entryAfter(cursor)?.size
  }

  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. */
  after(cursor: number, limit: number, bytes: number): SequencedEvent[] {
    return this.#rows.after(cursor, limit, bytes).map(({ event }) => event)
  }

  /** The same with whose event each is. Frames are copies, so that an RPC message has nothing else. */
  afterWithSources(cursor: number, limit: number, bytes: number): SourcedEvent[] {
    return this.#rows
      .after(cursor, limit, bytes)
      .map(({ did, event: { seq, frame } }) => ({ did, event: { seq, frame: frame.slice() } }))
  }
}
