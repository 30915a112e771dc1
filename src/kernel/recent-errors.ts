/**
 * The last errors that were logged, for the operator's console: in memory, of this isolate alone. On plain workerd that is
 * the whole host since its start; on Cloudflare it is one of many, and the log has all.
 */

export interface RecentError {
  /** ms since the epoch. */
  at: number
  /** What went wrong, as it is logged. */
  message: string
  /** The error's name and message. */
  error: string
  /** How often it came in a row. */
  times: number
}

const KEPT = 20

/** Characters of each text. */
const MAX_TEXT = 200

const errors: RecentError[] = []

export function noteError(message: string, error: string): void {
  const noted = { message: message.slice(0, MAX_TEXT), error: error.slice(0, MAX_TEXT) }
  const last = errors[0]
  if (last?.message === noted.message && last.error === noted.error) {
    last.at = Date.now()
    last.times++
    return
  }
  errors.unshift({ at: Date.now(), ...noted, times: 1 })
  errors.length = Math.min(errors.length, KEPT)
}

/** The newest first. */
export const recentErrors = (): readonly RecentError[] => errors
