/** Under which name a request is counted, and where. */
import type { Env } from '../contracts/env.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { routeOf } from './xrpc/routes.ts'

/** Whatever a stranger may make up. */
export const OTHER = 'other'

/** The method, where this host knows it by its lexicons: names that others make up would be counted without end. */
export const methodLabel = (nsid: string): string => (routeOf(nsid) ? nsid : OTHER)

/** @param ms until the answer began */
export function noteRequest(
  { METRICS }: Pick<Env, 'METRICS'>,
  label: string,
  status: number,
  ms: number,
): void {
  counters.requests.note(label, status, ms)
  // Where there are many isolates, they are put together there (docs/metrics.md).
  METRICS?.writeDataPoint({
    indexes: [label],
    blobs: [label, `${Math.floor(status / 100)}xx`],
    doubles: [ms],
  })
}
