/** Every request counts for the network that it comes from, before anything else is done with it. */

import { isolateLimits } from '../../context/limits/isolate.ts'
import type { RequestContext } from '../../context/request.ts'
import { EVERYTHING, MINUTES_5, networkLimitOf, OWN } from './network-limits.ts'
import type { PathPolicy } from './path-policy.ts'

/** Counts the call of a method. @throws RateLimitError */
export function countMethod(
  { limits, clientNetwork }: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  nsid: string,
): void {
  if (!limits.isLimited) return
  const kind = OWN[nsid] ? nsid : 'everything'
  limits.note(isolateLimits.consumeOf(kind, clientNetwork, networkLimitOf(nsid)))
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
