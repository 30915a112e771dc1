/**
 * Stands in for `rate-limiter-flexible`, which `@atproto/xrpc-server` loads for its own HTTP server. That server is not
 * used here; rate limits are counted by `src/storage/rate-counter.ts`.
 */
class Unavailable {
  constructor() {
    throw new Error('the HTTP server of @atproto/xrpc-server is not available on workerd')
  }
}

export {
  Unavailable as RateLimiterMemory,
  Unavailable as RateLimiterRedis,
  Unavailable as RateLimiterRes,
}
