/** Scripts of every origin may call the API: what protects an account is its token, not a cookie. */

/** Response headers that browsers let scripts of other origins read. */
export const EXPOSED_HEADERS = [
  'atproto-repo-rev',
  'etag',
  'atproto-content-labelers',
  'atproto-upstream-lag',
  'dpop-nonce',
  'www-authenticate',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'ratelimit-policy',
  'retry-after',
  'x-request-id',
] as const

/** How long browsers may keep the answer to a preflight request, in seconds. */
export const PREFLIGHT_AGE = 86_400

/** What lets every origin read an answer. */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS.join(','),
} as const

/** Lets every origin read an answer. */
export function allowAllOrigins({ headers }: Response): void {
  for (const [name, value] of Object.entries(CORS_HEADERS)) headers.set(name, value)
}
