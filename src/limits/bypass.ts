import { equalSecrets } from '../auth/equal-secrets.ts'
import type { Config } from '../config.ts'

/** Whether a request shows the operator's key, with which it is not limited. */
export function mayBypass(
  { headers }: Request,
  { rateLimitBypassKey }: Pick<Config, 'rateLimitBypassKey'>,
): boolean {
  const given = headers.get('x-ratelimit-bypass')
  return (
    given !== null && rateLimitBypassKey !== undefined && equalSecrets(given, rateLimitBypassKey)
  )
}
