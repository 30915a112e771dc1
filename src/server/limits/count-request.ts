/** Every request counts for the network that it comes from, before anything else is done with it. */

import { isolateLimits } from '../../context/limits/isolate.ts'
import type { RequestContext } from '../../context/request.ts'
import type { RateLimitRule } from '../../storage/rate-limit.ts'
import type { PathPolicy } from './path-policy.ts'

export const MINUTES_5 = 5 * 60 * 1000
const EVERYTHING: RateLimitRule = { limit: 3_000, window: MINUTES_5 }
/** Backing up many repositories takes many requests, and is counted on its own. */
const GET_REPO: RateLimitRule = { limit: 6_000, window: MINUTES_5 }
/** Looks through all tree nodes of a repository in its object, where the other methods read what they need. */
const GET_BLOCKS: RateLimitRule = { limit: 300, window: MINUTES_5 }

const OWN: Readonly<Record<string, RateLimitRule>> = {
  'com.atproto.sync.getRepo': GET_REPO,
  'com.atproto.sync.getBlocks': GET_BLOCKS,
}

/** Counts the call of a method. @throws RateLimitError */
export function countMethod(
  { limits, clientNetwork }: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  nsid: string,
): void {
  if (!limits.isLimited) return
  const own = OWN[nsid]
  limits.note(isolateLimits.consumeOf(own ? nsid : 'everything', clientNetwork, own ?? EVERYTHING))
}

/** Counts a request for anything else; what has a limit of its own counts for both. @throws RateLimitError */
export function countPath(
  { limits, clientNetwork }: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  policy: PathPolicy | undefined,
): void {
  if (!limits.isLimited) return
  limits.note(isolateLimits.consumeOf('everything', clientNetwork, EVERYTHING))
  if (policy?.perFiveMinutes === undefined) return
  const rule = { limit: policy.perFiveMinutes, window: MINUTES_5 }
  const kind = `${policy.methods.join('+')} ${policy.path}`
  limits.note(isolateLimits.consumeOf(kind, clientNetwork, rule))
}
