import { type Allowance, type Budget, budgetOf, tightest } from '../rate-counter.ts'
import type { Write } from './writes.ts'

/** Points that writes to a repository cost, and how many there are, as the reference PDS has it. */
const POINTS = { create: 3, update: 2, put: 2, delete: 1 } as const
const HOUR: Allowance = { limit: 5_000, window: 60 * 60 * 1000 }
const DAY: Allowance = { limit: 35_000, window: 24 * 60 * 60 * 1000 }

/** What was spent in the current hour and day. Stored with the head, so that a write costs no row more. */
export interface WriteSpending {
  hour: Window
  day: Window
}

interface Window {
  points: number
  /** ms since the epoch */
  until: number
}

const NOTHING: Window = { points: 0, until: 0 }

export const parseSpending = (stored: string | null): WriteSpending =>
  stored === null ? { hour: NOTHING, day: NOTHING } : (JSON.parse(stored) as WriteSpending)

export const pointsOf = (writes: readonly Write[]): number =>
  writes.reduce((sum, { action }) => sum + POINTS[action], 0)

/** What is spent, and what is left, after `points` more. */
export function spendOnWrites(
  { hour, day }: WriteSpending,
  points: number,
): { spending: WriteSpending; budget: Budget | undefined } {
  const spending = { hour: add(hour, points, HOUR), day: add(day, points, DAY) }
  const budget = tightest([budgetOf(HOUR, spending.hour), budgetOf(DAY, spending.day)])
  return { spending, budget }
}

function add(spent: Window, points: number, { window }: Allowance): Window {
  const now = Date.now()
  return spent.until > now
    ? { points: spent.points + points, until: spent.until }
    : { points, until: now + window }
}
