/** How often what was asked for, how it was answered, and how long that took. */
import type { Family } from './exposition.ts'

/** Upper bounds of the buckets, in ms. */
const BOUNDS = [2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const

/** Statuses by their first digit; those before 1 stay unused. */
const CLASSES = 6

interface MethodCounts {
  /** By the first digit of the status. */
  statuses: Float64Array
  /** Those that took at most as long as each bound and longer than the one before; the last: longer than all. */
  buckets: Float64Array
  /** ms */
  sum: number
}

export class RequestCounts {
  readonly #methods = new Map<string, MethodCounts>()

  /**
   * Counts an answer.
   *
   * @param method one of a number that nobody who asks can raise
   * @param ms until the answer began
   */
  note(method: string, status: number, ms: number): void {
    let counts = this.#methods.get(method)
    if (!counts) {
      counts = {
        statuses: new Float64Array(CLASSES),
        buckets: new Float64Array(BOUNDS.length + 1),
        sum: 0,
      }
      this.#methods.set(method, counts)
    }
    let bucket = 0
    while (bucket < BOUNDS.length && ms > (BOUNDS[bucket] as number)) bucket++
    counts.buckets[bucket] = (counts.buckets[bucket] as number) + 1
    const digit = Math.min(CLASSES - 1, Math.floor(status / 100))
    counts.statuses[digit] = (counts.statuses[digit] as number) + 1
    counts.sum += ms
  }

  /** Of all methods: answers, and those that were 5xx. */
  totals(): { requests: number; failed: number } {
    let [requests, failed] = [0, 0]
    for (const { statuses } of this.#methods.values()) {
      requests += statuses.reduce((sum, count) => sum + count, 0)
      failed += statuses[5] ?? 0
    }
    return { requests, failed }
  }

  families(): Family[] {
    const methods = [...this.#methods].sort(([one], [other]) => (one < other ? -1 : 1))
    return [
      {
        name: 'cumulus_requests',
        type: 'counter',
        help: 'Requests answered, by XRPC method or path and by class of status.',
        samples: methods.flatMap(([method, { statuses }]) =>
          [...statuses.entries()]
            .filter(([, value]) => value > 0)
            .map(([digit, value]) => ({ labels: { method, status: `${digit}xx` }, value })),
        ),
      },
      {
        name: 'cumulus_request_duration_seconds',
        type: 'histogram',
        help: 'Time until the answer begins, by XRPC method or path.',
        bounds: BOUNDS.map((ms) => ms / 1000),
        samples: methods.map(([method, { buckets, sum }]) => {
          let below = 0
          const cumulative = [...buckets].map((count) => {
            below += count
            return below
          })
          return { labels: { method }, cumulative, count: below, sum: sum / 1000 }
        }),
      },
    ]
  }
}
