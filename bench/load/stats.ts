/** Figures from samples. */
import type { Samples } from './drive.ts'

export interface Figures {
  /** Per second, in the row's unit. */
  rate: number
  /** Milliseconds. */
  p50: number
  p99: number
  requests: number
}

export function figures(slices: Samples[]): Figures {
  const sum = (of: (slice: Samples) => number) => slices.reduce((total, s) => total + of(s), 0)
  const latencies = slices.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  return {
    rate: sum(({ amount }) => amount) / sum(({ seconds }) => seconds),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    requests: latencies.length,
  }
}

/** Nearest rank; `sorted` ascends. */
export function percentile(sorted: number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

export function median(values: number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  )
}
