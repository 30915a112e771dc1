/** What the sequencer's database has, for tests inside workerd. */
import { EventRows } from '../storage/sequencer/event-rows.ts'
import type { SourcedEvent } from '../storage/sequencer/pack.ts'

/** All events of the log, or of one account, oldest first. */
export const storedEvents = (sql: SqlStorage, did?: string): SourcedEvent[] =>
  new EventRows(sql)
    .after(0, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
    .filter((one) => did === undefined || one.did === did)
