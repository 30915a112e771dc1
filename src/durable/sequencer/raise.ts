import type { EventLog } from '../../storage/sequencer/log.ts'
import type { LogReader } from '../../storage/sequencer/log-reader.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'

/** What becomes of a number that no host would have come to: see `SequencerRpc.raiseSequence`. */
export type TooHigh = 'refuse' | 'as far as it goes'

/**
 * The next event gets a higher number.
 *
 * @param read the log with what other objects have of it
 * @returns false: it is refused, or no number
 */
export function raiseWithinReason(
  log: EventLog,
  read: Pick<LogReader, 'lastEventAt'>,
  retention: Retention,
  above: number,
  tooHigh: TooHigh = 'refuse',
): boolean {
  // Numbers begin with microseconds and count up by one: a relay that knows a later one makes it up.
  const most = Date.now() * 1000
  if (!Number.isSafeInteger(above) || above < 0) return false
  if (above > most && tooHigh === 'refuse') return false
  const isFirst = read.lastEventAt === undefined
  log.raise(Math.min(above, most), isFirst)
  // What consumers may have read is of a host that was lost.
  if (isFirst) retention.forgetTo(log.head)
  return true
}
