/** The aims, and how growth is held against them. */
import type { RowName } from '../options.ts'
import type { Report, TimesAim } from './report.ts'

interface RowAim extends TimesAim {
  /** Throughput in the row's unit. */
  rate?: number
  /** At most, in ms. */
  p50?: number
  /** What Cumulus does by itself holds in the largest repository only. */
  largest?: boolean
}

/**
 * Times the throughput of `@atproto/pds`, and of any other server that runs on workerd as Cumulus does; of `firehose`, the
 * time that it takes.
 */
export const ROW_AIMS: Partial<Record<RowName, RowAim>> = {
  createAccount: { reference: 1.5 },
  'createAccount-4': { reference: 1.5 },
  createRecord: { reference: 6, peer: 3 },
  'createRecord-16': { reference: 8, peer: 5 },
  getRecord: { reference: 4.5, peer: 1.2 },
  'getRecord-16': { reference: 4.5, peer: 1.2 },
  'listRecords-50': { reference: 4, peer: 3 },
  'listRecords-100': { reference: 4, peer: 3 },
  applyWrites: { reference: 15, peer: 15, rate: 10_000 },
  getRepo: { reference: 8, rate: 60, largest: true },
  importRepo: { reference: 12 },
  'uploadBlob-1M': { reference: 3 },
  firehose: { reference: 6, peer: 2.5, p50: 3 },
  replay: { reference: 2 },
}

/** Memory of the process that serves, when it has just started. */
export const MEMORY_AIM: TimesAim = { peer: 1, comparison: '≤' }

/** The other aims. */
export const AIMS = {
  /** MB/s, for the largest repository. */
  importRate: 20,
  /** MB in V8 while importing. */
  isolateMemory: 128,
  startSeconds: 0.3,
  /** KiB, compressed: what is loaded at the start, and everything. */
  bundle: { core: 340, all: 600 },
  /** SQLite rows that listRecords may read beyond those that it returns. */
  listOverhead: 20,
  /** From sending a write to its frame at a consumer, in ms. */
  frameLatency: 3,
  /** ms that forwarding may add at p50 on one connection. */
  proxyOverhead: 1.5,
  /** Forwarded per second for 64 connections that never pause. */
  proxyRate: 1000,
  /** Times a request to an object that is in memory: the first one after a start. */
  coldStart: 2.5,
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
  const limit = (expected(last.size) / expected(first.size)) * AIMS.tolerance
  report.check(`${what}, ${range}`, '≤', limit, last.cost / first.cost, '×')
}
