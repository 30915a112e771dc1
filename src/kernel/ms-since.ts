/**
 * ms since a time that was noted. A clock that was put back in between says nothing about that: then it is long ago, so that nothing
 * is waited for, or trusted, until the clock is where it was.
 *
 * @param at ms since the epoch
 */
export function msSince(at: number, now = Date.now()): number {
  return now < at ? Number.POSITIVE_INFINITY : now - at
}
