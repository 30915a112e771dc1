import { ForbiddenError } from '@atproto/xrpc-server'
import type { Config } from '../kernel/config/config.ts'
import { isLoopback } from '../kernel/loopback.ts'

/**
 * In development a host answers under names of this machine only, and those of its accounts. Otherwise a site could
 * let its own name lead here (DNS rebinding), and its scripts would read what is meant for the developer.
 *
 * @throws ForbiddenError
 */
export function assertHost(
  { url }: Request,
  { devMode, hostname, handleDomains }: Pick<Config, 'devMode' | 'hostname' | 'handleDomains'>,
): void {
  if (!devMode) return
  const host = new URL(url).hostname
  const isOwn = host === hostname || handleDomains.some((domain) => host.endsWith(domain))
  if (isOwn || isLoopback(host)) return
  throw new ForbiddenError('In development this host answers on localhost only', 'Forbidden')
}
