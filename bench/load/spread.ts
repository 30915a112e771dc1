/** How sure a figure is: the middle of several rounds, and the interval that it lies in. */

/** What rounds measured, and how far the true middle may be from it. */
export interface Figure {
  /** The median of the rounds; not a number where there are none. */
  value: number
  /** Half the width of the interval, as a part of the value. */
  spread: number
  rounds: number
}

/** Chance that the interval does not hold the true median. */
const RISK = 0.05

/**
 * The median, with the interval that holds the true one with 95 % whatever the rounds are distributed like: that between two
 * of the rounds in order, as the sign test has it. With fewer than six rounds it is that between the least and the largest,
 * which holds it less often: with five in 94 %, with three in 75 %.
 */
export function figure(rounds: readonly number[]): Figure {
  const sorted = rounds.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const value = median(sorted)
  const cut = Math.max(0, outermost(sorted.length) - 1)
  const least = sorted[cut] ?? Number.NaN
  const most = sorted[sorted.length - 1 - cut] ?? Number.NaN
  // Of one round nothing is known.
  const spread = sorted.length < 2 ? Number.NaN : (most - least) / 2 / Math.abs(value)
  return { value, spread: value === 0 ? Number.NaN : spread, rounds: sorted.length }
}

/** The middle, or between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) / 2
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** Of one server to another: round by round, as rounds that follow each other meet the same noise. */
export const ratio = (first: readonly number[], second: readonly number[]): Figure =>
  figure(first.map((value, at) => value / (second[at] ?? Number.NaN)))

/**
 * The place of the round, counted from either end, where the interval ends: the largest one for which fewer rounds than that
 * are beyond the true median by chance, in at most `RISK` of all cases. 0: there are too few.
 */
function outermost(rounds: number): number {
  // Of `rounds` coins: the chance that exactly `heads` of them are.
  let exactly = 0.5 ** rounds
  let atMost = exactly
  let place = 0
  while (rounds > 0 && 2 * atMost <= RISK) {
    place += 1
    exactly *= (rounds - place + 1) / place
    atMost += exactly
  }
  return place
}
