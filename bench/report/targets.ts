/** The targets, and how growth is held against them. */
import type { RowName } from '../options.ts'
import type { Report } from './report.ts'

interface RowTarget {
  /** Times the reference's throughput. */
  ratio?: number
  /** Throughput in the row's unit. */
  rate?: number
  /** At most, in ms. */
  p50?: number
  /** Holds in the largest repository only. */
  largest?: boolean
}

export const ROW_TARGETS: Partial<Record<RowName, RowTarget>> = {
  createRecord: { ratio: 6 },
  'createRecord-16': { ratio: 6 },
  'getRecord-16': { ratio: 4 },
  'listRecords-50': { ratio: 3 },
  'listRecords-100': { ratio: 3 },
  applyWrites: { rate: 10_000 },
  getRepo: { rate: 60, largest: true },
  firehose: { p50: 3 },
}

/** The other targets. */
export const TARGETS = {
  /** MB/s, for the largest repository. */
  importRate: 20,
  /** MB in V8 while importing. */
  isolateMemory: 128,
  startSeconds: 0.3,
  /** SQLite rows that listRecords may read beyond those that it returns. */
  listOverhead: 20,
  /** From sending a write to its frame at a consumer, in ms. */
  frameLatency: 3,
  /** ms that forwarding may add at p50, but where requests queue. */
  proxyOverhead: 1.5,
  /** What growth counts as noise. */
  tolerance: 1.15,
}

/** By size; undefined where there is no figure. */
export type Costs = (number | undefined)[]

/**
 * Holds the cost at the largest size against that at the smallest.
 *
 * @param expected - what the cost is proportional to, of a size
 */
export function checkGrowth(
  report: Report,
  what: string,
  unit: string,
  sizes: number[],
  costs: Costs,
  expected: (size: number) => number,
): void {
  const points = sizes.flatMap((size, at) => {
    const cost = costs[at]
    return cost === undefined ? [] : [{ size, cost }]
  })
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || first === last) return
  const range = `${first.size.toLocaleString('en')} → ${last.size.toLocaleString('en')} ${unit}`
  const limit = (expected(last.size) / expected(first.size)) * TARGETS.tolerance
  report.check(`${what}, ${range}`, '≤', limit, last.cost / first.cost, '×')
}
