/** Rate limits, as those who count and those who are told of it know them. */

/** A rate limit: so many points in a window. */
export interface RateLimitRule {
  /** Points. */
  limit: number
  /** ms */
  window: number
}

/** How much of a rate limit is left. */
export interface RateLimitStatus extends RateLimitRule {
  /** Points left; 0 when all, or too many, were used. */
  remaining: number
  /** When the window ends, in ms since the epoch. */
  resetAt: number
  /** More was asked for than there was. */
  exceeded: boolean
}
