/** Closed-loop load: each connection sends its next request when the last one is answered. */
import { progress } from '../progress.ts'

/** What a row does on one repository, or host, of one server. */
export interface Workload {
  /** Prepares a round; not timed. */
  before?(): Promise<unknown>
  /**
   * One request. @returns how much it got done, in the row's unit, and in how many milliseconds,
   * where that is not the time until the answer; undefined when nothing is left to do in this round
   */
  next(): Promise<number | { amount: number; ms: number } | undefined>
  /** Puts the repository back to its size; not timed. */
  after?(): Promise<unknown>
}

/** A workload's `next` for requests that get one thing done. */
export const one = (request: () => Promise<unknown>) => async (): Promise<number> => {
  await request()
  return 1
}

/** What one round measured. */
interface Samples {
  amount: number
  seconds: number
  /** Milliseconds, one for each request. */
  latencies: number[]
}

/** In milliseconds. */
interface Latency {
  p50: number
  /** Not a number where there are fewer than a hundred requests: it would be the slowest one. */
  p99: number
}

export interface Stats extends Latency {
  /** Throughput per second, in the row's unit. */
  rate: number
  requests: number
}

const ROUNDS = 4
/** Seconds before the first round of each server, not counted. */
const WARM_UP = 0.4

/**
 * Measures workloads on different servers, or repositories, in alternating rounds, so that noise of
 * the machine meets all alike.
 */
export async function interleave(
  workloads: Workload[],
  connections: number,
  seconds: number,
  label: string,
): Promise<Stats[]> {
  progress(label)
  for (const workload of workloads) await drive(workload, connections, WARM_UP)
  const rounds = workloads.map(() => [] as Samples[])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, workload] of workloads.entries()) {
      rounds[at]?.push(await drive(workload, connections, seconds / ROUNDS))
    }
  }
  return rounds.map(stats)
}

/** Runs one round: `connections` loops for `seconds`. */
export async function drive(
  workload: Workload,
  connections: number,
  seconds: number,
): Promise<Samples> {
  await workload.before?.()
  const latencies: number[] = []
  let amount = 0
  const start = performance.now()
  const until = start + seconds * 1000
  const loop = async () => {
    for (let before = start; before < until; ) {
      // Not `amount += await`, which would read the sum before the other loops have added to it.
      const done = await workload.next()
      if (done === undefined) return
      const now = performance.now()
      amount += typeof done === 'number' ? done : done.amount
      latencies.push(typeof done === 'number' ? now - before : done.ms)
      before = now
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const elapsed = (performance.now() - start) / 1000
  await workload.after?.()
  return { amount, seconds: elapsed, latencies }
}

/** Throughput and latency over several rounds. */
export function stats(rounds: Samples[]): Stats {
  const sum = (of: (samples: Samples) => number) => rounds.reduce((total, s) => total + of(s), 0)
  const latencies = rounds.flatMap(({ latencies }) => latencies)
  return {
    rate: sum(({ amount }) => amount) / sum(({ seconds }) => seconds),
    ...percentiles(latencies),
    requests: latencies.length,
  }
}

/** Nearest rank. */
export function percentiles(values: number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (percent: number) => Math.max(1, Math.ceil((percent / 100) * sorted.length))
  const percentile = (percent: number) => sorted[rank(percent) - 1] ?? Number.NaN
  return { p50: percentile(50), p99: sorted.length < 100 ? Number.NaN : percentile(99) }
}

export const median = (values: number[]): number => percentiles(values).p50
