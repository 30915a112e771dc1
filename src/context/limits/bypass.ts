import type { Config } from '../../kernel/config/config.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'

/** Whether a request shows the operator's key, with which it is not limited. */
export function mayBypass(
  { headers }: Request,
  { rateLimitBypassKey }: Pick<Config, 'rateLimitBypassKey'>,
): boolean {
  if (rateLimitBypassKey === undefined) return false
  const given = headers.get('x-ratelimit-bypass')
  return given !== null && equalSecrets(given, rateLimitBypassKey)
}
