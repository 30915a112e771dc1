/** A figure held against its aim. */
import { number } from './number.ts'
import type { Verdict } from './result.ts'

/** What growth beyond the tree's depth counts as noise of time; rows have none but the tree's own shape. */
export const TOLERANCE = 1.15

/** A figure that is to be at least `aim`. */
export function least(what: string, aim: number, value: number, unit: string): Verdict {
  const met = value >= aim
  const missedBy = met ? undefined : 100 * (1 - value / aim)
  return verdict(what, `≥ ${aim.toLocaleString('en')} ${unit}`, value, unit, missedBy)
}

/** A figure that is to be at most `aim`. */
export function most(what: string, aim: number, value: number, unit: string): Verdict {
  const met = value <= aim
  const missedBy = met ? undefined : 100 * (value / aim - 1)
  const limit = aim.toLocaleString('en', { maximumFractionDigits: 2 })
  return verdict(what, `≤ ${limit} ${unit}`, value, unit, missedBy)
}

function verdict(
  what: string,
  aim: string,
  value: number,
  unit: string,
  missedBy: number | undefined,
): Verdict {
  const measured = `${number(value)} ${unit}`
  return { what, aim, measured, met: missedBy === undefined, ...(missedBy && { missedBy }) }
}
