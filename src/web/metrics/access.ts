/** Who may read the metrics. */
import ipaddr from 'ipaddr.js'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { isLoopback } from '../../kernel/loopback.ts'
import { withoutPort } from '../../kernel/net/client-network.ts'
import { authenticate } from '../../server/auth/authenticate.ts'
import { readAuthorization } from '../../server/auth/authorization.ts'
import { admin } from '../../server/auth/policy.ts'

/** What proxies, tunnels and load balancers add: one of these, and somebody else asks. */
const FORWARDED =
  /^(x-forwarded-.*|forwarded|via|x-real-ip|x-client-ip|true-client-ip|cf-.*|cdn-loop|x-amzn-.*|fly-.*)$/

/**
 * Lets pass whoever has `PDS_METRICS_TOKEN` or is the operator; without credentials, only programs on this machine that
 * come directly, by a name of this machine.
 *
 * @throws XRPCError
 */
export async function assertMayRead(context: RequestContext, services: Services): Promise<void> {
  const { request } = context
  const authorization = readAuthorization(request)
  if (!authorization && isDirect(request)) return
  const { metricsToken } = services.config
  if (metricsToken !== undefined && authorization?.scheme === 'bearer') {
    if (equalSecrets(authorization.value, metricsToken)) return
  }
  await authenticate(admin, context, '', services)
}

/**
 * Whether a program on this machine asks, with no proxy between. A name of this machine is asked for as well: what another
 * name leads here came through something, if only a browser whose DNS was rebound.
 */
export function isDirect({ cf, headers, url }: Request): boolean {
  if (cf && 'colo' in cf) return false
  const peer = cf && 'clientIp' in cf ? withoutPort(String(cf.clientIp)) : ''
  if (!ipaddr.isValid(peer) || ipaddr.process(peer).range() !== 'loopback') return false
  if ([...headers.keys()].some((name) => FORWARDED.test(name))) return false
  const { hostname } = new URL(url)
  return isLoopback(hostname) && !hostname.endsWith('.test')
}
