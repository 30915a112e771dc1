/** Closed-loop load: each connection sends its next request when the last one is answered. */
import { progress } from '../progress.ts'
import { type Figure, figure, median, ratio } from './spread.ts'

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
export interface Round {
  amount: number
  seconds: number
  /** Milliseconds, one for each request. */
  latencies: number[]
  /** Milliseconds of CPU that the server took; not a number where nobody knows. */
  serverCpu: number
  /** The same of this process, which sends the requests. */
  clientCpu: number
}

/** Whom rounds are about. */
export interface Driven {
  workload: Workload
  /** Milliseconds of CPU that the server has taken so far. */
  cpu?: (() => number) | undefined
}

/** How often rows are measured. */
export interface Pace {
  /** Seconds of a round. */
  seconds: number
  /** Rounds at least, and at most. */
  least: number
  most: number
  /** Rounds go on while the interval of a figure is wider, to either side, as a part of it. */
  spread: number
}

/** Seconds before the first round of each server, not counted, but no more than a round has. */
const WARM_UP = 0.4
/** Seconds that rounds of one row may take, once there are three of each server. */
const PATIENCE = 30

/**
 * Measures servers, or repositories, in alternating rounds, so that noise of the machine meets all alike: as many rounds as
 * it takes until the ratios of the first to the others, or alone its rate, are known well enough.
 *
 * @returns the rounds of each
 */
export async function interleave(
  driven: Driven[],
  connections: number,
  pace: Pace,
  label: string,
): Promise<Round[][]> {
  progress(label)
  const warmUp = Math.min(WARM_UP, pace.seconds)
  for (const { workload } of driven) await drive({ workload }, connections, warmUp)
  const rounds = driven.map(() => [] as Round[])
  const begin = performance.now()
  for (let round = 1; round <= pace.most; round += 1) {
    for (const [at, one] of driven.entries()) {
      rounds[at]?.push(await drive(one, connections, pace.seconds))
    }
    if (round >= pace.least && widest(rounds) <= pace.spread) break
    if (round >= 3 && performance.now() - begin > PATIENCE * 1000) break
  }
  return rounds
}

/** The largest spread of what comes of the rounds: ratios of the first to the others; alone, its rate. */
function widest([first = [], ...others]: Round[][]): number {
  const rates = (rounds: Round[]) => rounds.map(({ amount, seconds }) => amount / seconds)
  if (others.length === 0) return figure(rates(first)).spread
  return Math.max(...others.map((other) => ratio(rates(first), rates(other)).spread))
}

/** Runs one round: `connections` loops for `seconds`. */
export async function drive(
  { workload, cpu }: Driven,
  connections: number,
  seconds: number,
): Promise<Round> {
  await workload.before?.()
  const latencies: number[] = []
  let amount = 0
  const serverBefore = cpu?.() ?? Number.NaN
  const clientBefore = process.cpuUsage()
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
  const { user, system } = process.cpuUsage(clientBefore)
  const serverCpu = (cpu?.() ?? Number.NaN) - serverBefore
  await workload.after?.()
  return { amount, seconds: elapsed, latencies, serverCpu, clientCpu: (user + system) / 1000 }
}

/** What the rounds of one server come to. */
export function stats(rounds: Round[]): Stats {
  const latencies = rounds.flatMap(({ latencies }) => latencies)
  const perRequest = (of: (round: Round) => number) =>
    rounds.map((round) => of(round) / round.latencies.length)
  const rates = rounds.map(({ amount, seconds }) => amount / seconds)
  const p50s = rounds.map(({ latencies }) => percentiles(latencies).p50)
  return {
    rates,
    p50s,
    rate: figure(rates),
    ...percentiles(latencies),
    cpu: figure(perRequest(({ serverCpu }) => serverCpu)),
    clientCpu: median(perRequest(({ clientCpu }) => clientCpu)),
    requests: latencies.length,
  }
}

export interface Stats extends Latency {
  /** Throughput per second, in the row's unit. */
  rate: Figure
  /** Milliseconds of CPU per request: of the server, all its processes together, and of the client. */
  cpu: Figure
  clientCpu: number
  requests: number
  /** Of each round, to be set against those of another server. */
  rates: number[]
  p50s: number[]
}

/** In milliseconds. */
interface Latency {
  p50: number
  /** Not a number where there are fewer than a hundred requests: it would be the slowest one. */
  p99: number
}

/** Nearest rank. */
export function percentiles(values: number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (percent: number) => Math.max(1, Math.ceil((percent / 100) * sorted.length))
  const percentile = (percent: number) => sorted[rank(percent) - 1] ?? Number.NaN
  return { p50: percentile(50), p99: sorted.length < 100 ? Number.NaN : percentile(99) }
}
