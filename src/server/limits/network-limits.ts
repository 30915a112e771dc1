/** How often one network may ask for anything at all. */
import type { RateLimitRule } from '../../storage/rate-limit.ts'

export const MINUTES_5 = 5 * 60 * 1000
export const EVERYTHING: RateLimitRule = { limit: 3_000, window: MINUTES_5 }
/** Backing up many repositories takes many requests, and is counted on its own. */
const GET_REPO: RateLimitRule = { limit: 6_000, window: MINUTES_5 }
/** Looks through all tree nodes of a repository in its object, where the other methods read what they need. */
const GET_BLOCKS: RateLimitRule = { limit: 300, window: MINUTES_5 }

/** Methods that are counted on their own. */
export const OWN: Readonly<Record<string, RateLimitRule>> = {
  'com.atproto.sync.getRepo': GET_REPO,
  'com.atproto.sync.getBlocks': GET_BLOCKS,
}

/** What a network may ask of a method, alone or together with all others. */
export const networkLimitOf = (nsid: string): RateLimitRule => OWN[nsid] ?? EVERYTHING
