import type { SequencedEvent } from './log.ts'

export type { SourcedEvent } from './log.ts'

/** The log as those see it who read it, wherever its events are. */
export interface LogReader {
  /** The number of the newest event; before the first, the one before that. */
  readonly head: number
  /** When the newest event was stored, in ms since the epoch; undefined: there was none. */
  readonly lastEventAt: number | undefined
  /** Events from after `cursor`, or from the oldest that is kept, to the newest; gaps count. */
  countAfter(cursor: number): number
  /** Bytes of the first event after `cursor`; undefined: there is none. */
  sizeAfter(cursor: number): number | undefined | Promise<number | undefined>
  /** Events after `cursor`, oldest first: at most `limit`, and no more when they come to `bytes`. */
  after(cursor: number, limit: number, bytes: number): SequencedEvent[] | Promise<SequencedEvent[]>
}
