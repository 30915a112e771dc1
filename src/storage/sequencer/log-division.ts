/** Whether several objects share the log: what every sequencer asks, and what is answered by one that has it alone. */
import { FIRST_LOG, type LogLayout, type LogPlace, placeNamed } from '../../kernel/log-shards.ts'

/**
 * `serves`: events go there; `moves`: its accounts are being handed over to the one that serves; `ages`: it has none any more,
 * and its events are read until they are removed for their age.
 */
export type LogLayoutState = 'serves' | 'moves' | 'ages'

export interface StoredLogLayout extends LogLayout {
  state: LogLayoutState
  /** When it began to serve, in ms since the epoch; absent: it is not known. */
  began?: number | null
}

/** How the log of a host is divided that never was. */
export const FIRST_LAYOUTS: readonly StoredLogLayout[] = [{ ...FIRST_LOG, state: 'serves' }]

/** What is answered where it is not, to whoever has heard that it is to be. */
export const UNDIVIDED = { front: { layouts: () => FIRST_LAYOUTS } }

/** Under which one of several objects keeps what it is: the platform need not tell the name of an object that its alarm wakes. */
const PLACE = 'log place'

type State = Pick<DurableObjectState, 'id' | 'storage'>

/** What an object is; undefined: none of several that share the log. */
export const placeOf = ({ id, storage }: State): LogPlace | undefined =>
  placeNamed(id.name) ?? storage.kv.get<LogPlace>(PLACE)

/** Keeps what it is, so that it is known without its name. */
export function keepPlace({ storage }: Pick<State, 'storage'>, place: LogPlace): void {
  if (!storage.kv.get(PLACE)) storage.kv.put(PLACE, place)
}

/**
 * Whether an object is one of several that share the log, or is to be, or has events elsewhere.
 *
 * @param wanted how many objects are to share it
 */
export function isLogDivided(state: State, wanted: number): boolean {
  if (wanted > 1 || placeOf(state)) return true
  return state.storage.sql.exec('SELECT 1 FROM log_layout LIMIT 1').toArray().length > 0
}
