/** How much happens in a second, from states that follow each other. */
import type { LiveReport } from '../../src/contracts/host-report.ts'

export interface Rates {
  /** Events of the firehose; requests and records written are not known on Cloudflare. */
  events: number
  requests: number | undefined
  failed: number | undefined
  writes: number | undefined
}

/** undefined: there is none to compare with, or the host has been started anew in between. */
export function ratesBetween(before: LiveReport | undefined, now: LiveReport): Rates | undefined {
  if (!before || now.now <= before.now) return undefined
  const seconds = (now.now - before.now) / 1000
  const [earlier, later] = [before.totals, now.totals]
  if (later && earlier && later.requests < earlier.requests) return undefined
  const rate = (name: 'requests' | 'failed' | 'writes') =>
    later && earlier ? (later[name] - earlier[name]) / seconds : undefined
  return {
    // Numbers may leave some out; what was handed over was counted.
    events:
      later && earlier
        ? (later.events - earlier.events) / seconds
        : (now.firehose.head - before.firehose.head) / seconds,
    requests: rate('requests'),
    failed: rate('failed'),
    writes: rate('writes'),
  }
}

export const perSecond = (rate: number | undefined): string =>
  rate === undefined ? '-' : `${rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)}/s`

const BARS = '▁▂▃▄▅▆▇█'

/** Values as a row of bars, the largest as high as a line. */
export function bars(values: readonly number[]): string {
  const most = Math.max(...values, 1)
  const last = BARS.length - 1
  return values.map((value) => BARS[Math.round((Math.max(value, 0) / most) * last)]).join('')
}
