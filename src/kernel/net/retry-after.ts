/**
 * How long a host asks to be left alone, in ms from now: by `Retry-After` in seconds or as a date (RFC 9110 section
 * 10.2.3), or, where its limit is used up, by `RateLimit-Reset` as seconds since 1970. Undefined: it does not say.
 */
export function retryAfterOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after')
  const reset = Number(headers.get('ratelimit-remaining') === '0' && headers.get('ratelimit-reset'))
  const seconds = after === null ? Number.NaN : Number(after)
  if (!Number.isNaN(seconds)) return Math.max(0, seconds * 1000)
  const at = after === null ? reset * 1000 : Date.parse(after)
  return at > 0 ? Math.max(0, at - Date.now()) : undefined
}

/** For whoever has to wait: such as `in 60 minutes, at 14:05:00 UTC or later`. @param wait ms */
export function waitInWords(wait: number): string {
  const minutes = Math.ceil(wait / 60_000)
  const at = new Date(Math.min(Date.now() + wait, 8.64e15)).toISOString()
  const day = minutes > 12 * 60 ? `${at.slice(0, 10)} ` : ''
  return `in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, at ${day}${at.slice(11, 19)} UTC or later`
}
