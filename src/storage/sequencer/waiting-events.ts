import { insertRows } from '../sql.ts'
import type { EventRows, Totals } from './event-rows.ts'
import type { SequencedEvent, SourcedEvent } from './pack.ts'
import { schedulePurge } from './retention.ts'
import type { SourceState } from './sources.ts'

/** A delivery, the events of which have their numbers. */
export interface Numbered {
  did: string
  /** The account's own number of the last. */
  last: number
  events: SequencedEvent[]
  state: SourceState
  /** The number of the event that says that the account is deleted; what is older goes. */
  farewell: number | undefined
}

/** Events that have numbers and are not stored. */
export class WaitingEvents {
  #deliveries: Numbered[] = []
  readonly #last = new Map<string, number>()
  /** How many there are, and bytes of their frames. */
  events = 0
  bytes = 0

  get isEmpty(): boolean {
    return this.#deliveries.length === 0
  }

  /** The account's own number of the last event of it that waits. */
  lastOf(did: string): number | undefined {
    return this.#last.get(did)
  }

  add(delivery: Numbered): void {
    const { did, last, events } = delivery
    this.#deliveries.push(delivery)
    this.#last.set(did, last)
    this.events += events.length
    this.bytes += events.reduce((sum, { frame }) => sum + frame.byteLength, 0)
  }

  /** All of them, which wait no more. */
  take(): readonly Numbered[] {
    const taken = this.#deliveries
    this.#deliveries = []
    this.#last.clear()
    this.events = 0
    this.bytes = 0
    return taken
  }
}

/**
 * Writes events and the states of their accounts, in the caller's transaction.
 *
 * @param time ms since the epoch
 * @returns as `EventRows.add`
 */
export function writeDeliveries(
  sql: SqlStorage,
  rows: EventRows,
  deliveries: readonly Numbered[],
  time: number,
  totals: Totals,
): [Totals, () => void] {
  const events = deliveries.flatMap(({ did, events }) =>
    events.map((event): SourcedEvent => ({ did, event })),
  )
  const stored = rows.add(events, time, totals)
  const hour = Math.floor(time / 3_600_000)
  const sources = new Map(
    deliveries.map(({ did, last, state: { head, rev, status } }) => [
      did,
      [did, last, head, rev, status, hour],
    ]),
  )
  insertRows(sql, SOURCE, [...sources.values()], SOURCE_CHANGES)
  for (const { did, farewell } of deliveries) {
    if (farewell !== undefined) schedulePurge(sql, did, farewell)
  }
  return stored
}

const SOURCE = 'INSERT INTO source (did, last_event, head, rev, status, active_hour)'
const SOURCE_CHANGES = `ON CONFLICT (did) DO UPDATE SET
  last_event = excluded.last_event, head = excluded.head, rev = excluded.rev, status = excluded.status,
  active_hour = excluded.active_hour`
