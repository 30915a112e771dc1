import { mostRestrictive, rateLimitStatus } from '../rate-counter.ts'
import type { RateLimitRule, RateLimitStatus } from '../rate-limit.ts'
import type { Write } from './writes.ts'

/** Points that writes to a repository cost, and how many there are, as the reference PDS has it. */
const POINTS = { create: 3, update: 2, put: 2, delete: 1 } as const
const HOUR: RateLimitRule = { limit: 5_000, window: 60 * 60 * 1000 }
const DAY: RateLimitRule = { limit: 35_000, window: 24 * 60 * 60 * 1000 }

/** What was used in the current hour and day. Stored with the head, so that a write costs no row more. */
export interface WriteUsage {
  hour: Window
  day: Window
}

interface Window {
  points: number
  /** ms since the epoch */
  until: number
}

const NOTHING: Window = { points: 0, until: 0 }

export const parseWriteUsage = (stored: string | null): WriteUsage =>
  stored === null ? { hour: NOTHING, day: NOTHING } : (JSON.parse(stored) as WriteUsage)

export const pointsOf = (writes: readonly Write[]): number =>
  writes.reduce((sum, { action }) => sum + POINTS[action], 0)

/** What is used, and what is left, after `points` more. */
export function consumeWritePoints(
  { hour, day }: WriteUsage,
  points: number,
): { usage: WriteUsage; rateLimit: RateLimitStatus | undefined } {
  const usage = { hour: add(hour, points, HOUR), day: add(day, points, DAY) }
  const rateLimit = mostRestrictive([
    rateLimitStatus(HOUR, usage.hour),
    rateLimitStatus(DAY, usage.day),
  ])
  return { usage, rateLimit }
}

function add(used: Window, points: number, { window }: RateLimitRule): Window {
  const now = Date.now()
  return used.until > now
    ? { points: used.points + points, until: used.until }
    : { points, until: now + window }
}
