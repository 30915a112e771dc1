import type { OutboxEvent } from '../../storage/account/events.ts'
import type { EventLog, SequencedEvent } from '../../storage/sequencer/log.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'

/**
 * ms for which events wait for others, at most; one that comes later than this after the last one does not wait. Where they go on
 * from what is stored, to an index or to the sequencer, they wait less: there they are gathered once more.
 */
const GATHER = 50
const GATHER_TO_HAND_ON = 10

/** Events, and bytes of frames, that wait at most. */
const EVENTS = 64
const BYTES = 256 * 1024

/** Some events of one account. */
export interface AppendedEvents {
  did: string
  events: readonly OutboxEvent[]
  state: SourceState
  /** Whether to store them at once, whatever came before. */
  isUrgent: boolean
}

/** Numbered events, which may be sent, and when they are stored; undefined: they are. */
export interface Taken {
  sent: readonly SequencedEvent[]
  stored: Promise<void> | undefined
}

/**
 * Stores commits that come one shortly after the other together, in one transaction and packed into one row. They have their
 * numbers at once. An event that comes alone, and whatever is no commit, is stored at once, with all that waits.
 */
export class GroupedStore {
  readonly #log: EventLog
  readonly #gather: () => number
  /** What becomes of those that wait. */
  #group: PromiseWithResolvers<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When there were events last, in ms since the epoch. */
  #lastAt = 0

  /**
   * @param whenStored to be called when events that waited are stored, to go on with whatever is due by them
   * @param isHandedOn whether an index, or another object, waits for what is stored
   * @param whenLost to be called when events that waited could not be stored, before anything else is
   */
  constructor(
    log: EventLog,
    whenStored: () => Promise<void>,
    isHandedOn: () => boolean,
    whenLost: () => void = () => undefined,
  ) {
    this.#log = log
    this.#gather = () => (isHandedOn() ? GATHER_TO_HAND_ON : GATHER)
    log.whenStored((error) => {
      clearTimeout(this.#timer)
      if (error !== undefined) whenLost()
      const group = this.#group
      this.#group = undefined
      if (!group) return
      if (error === undefined) group.resolve(whenStored())
      else group.reject(error)
    })
  }

  /** @throws whatever storing throws; `Taken.stored` rejects with that, too */
  take({ did, events, state, isUrgent }: AppendedEvents): Taken {
    const log = this.#log
    const now = Date.now()
    const isAlone = !this.#group && now - this.#lastAt > this.#gather()
    this.#lastAt = now
    const isPlain =
      state.status === 'active' &&
      log.lastOf(did) !== undefined &&
      events.every(({ kind }) => kind === '#commit')
    if (isAlone || isUrgent || !isPlain) {
      const waits = log.waitsFor(did)
      const sent = log.append(did, events, state)
      if (sent.length > 0 || !waits) return { sent, stored: undefined }
      // What has come again while it waits.
      const { promise } = this.#begin()
      log.settle()
      return { sent, stored: promise }
    }
    const sent = log.defer(did, events, state)
    if (!log.waitsFor(did)) return { sent, stored: undefined }
    const { promise } = this.#begin()
    const { events: waiting, bytes } = log.waiting
    if (waiting >= EVENTS || bytes >= BYTES) log.settle()
    return { sent, stored: promise }
  }

  #begin(): PromiseWithResolvers<void> {
    if (this.#group) return this.#group
    this.#group = Promise.withResolvers<void>()
    // Whoever delivered is told, if anybody still waits.
    this.#group.promise.catch(() => undefined)
    this.#timer = setTimeout(() => this.#log.settle(), this.#gather())
    return this.#group
  }
}
