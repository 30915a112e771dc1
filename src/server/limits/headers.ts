import type { RateLimitStatus } from '../../storage/rate-limit.ts'

/** What tells a client how much of a rate limit is left, as the reference PDS does. */
export function rateLimitHeaders({
  limit,
  remaining,
  resetAt,
  window,
  exceeded,
}: RateLimitStatus): Record<string, string> {
  const headers: Record<string, string> = {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    'ratelimit-policy': `${limit};w=${Math.ceil(window / 1000)}`,
  }
  if (exceeded) {
    const seconds = Math.max(1, Math.ceil((resetAt - Date.now()) / 1000))
    headers['retry-after'] = String(seconds)
  }
  return headers
}

export function setRateLimitHeaders(headers: Headers, status: RateLimitStatus): void {
  for (const [name, value] of Object.entries(rateLimitHeaders(status))) headers.set(name, value)
}
