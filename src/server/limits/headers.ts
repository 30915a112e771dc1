import type { RateLimitStatus } from '../../storage/rate-limit.ts'

/** Tells a client how much of a rate limit is left, in the headers of the reference PDS. */
export function setRateLimitHeaders(headers: Headers, status: RateLimitStatus): void {
  const { limit, remaining, resetAt, window, exceeded } = status
  headers.set('ratelimit-limit', String(limit))
  headers.set('ratelimit-remaining', String(remaining))
  headers.set('ratelimit-reset', String(Math.ceil(resetAt / 1000)))
  headers.set('ratelimit-policy', `${limit};w=${Math.ceil(window / 1000)}`)
  if (exceeded) {
    const seconds = Math.max(1, Math.ceil((resetAt - Date.now()) / 1000))
    headers.set('retry-after', String(seconds))
  }
}
