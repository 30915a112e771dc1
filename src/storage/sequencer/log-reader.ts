import type { SequencedEvent } from './log.ts'

export type { SourcedEvent } from './log.ts'

/** The log as those see it who read it, wherever its events are. */
export interface LogReader {
  /** The number of the newest event that is stored; before the first, the one before that. */
  readonly head: number
  /** The highest number that a consumer may know: events are sent before they are stored. */
  readonly numbered: number
  /** Stores what waits to be stored. @returns whether anything did */
  settle(): boolean
  /** When the newest event was stored, in ms since the epoch; undefined: there was none. */
  readonly lastEventAt: number | undefined
  /** How many events there are after `cursor`, of those that are kept: numbers that no event has do not count. */
  countAfter(cursor: number): number
  /** Bytes of the first event after `cursor`; undefined: there is none. */
  sizeAfter(cursor: number): number | undefined | Promise<number | undefined>
  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. */
  after(cursor: number, limit: number, bytes: number): SequencedEvent[] | Promise<SequencedEvent[]>
}
