/** What apps must be allowed to have done at other services. */

import type { UserCredentials } from '../context/credentials.ts'
import { assertPermitted, type Permission } from '../context/permissions.ts'
import { findSetting } from '../routing/settings.ts'
import type { ProxyServices } from './services.ts'
import { type Fallback, parseProxyHeader } from './target.ts'

/**
 * Lets a caller have methods called at another service. Of apps, the token must allow it; a session's scope was
 * looked at before.
 *
 * @param service `<did>#<id>`
 * @throws ForbiddenError `ScopeMissingError`
 */
export function assertMayCall(
  caller: UserCredentials,
  methods: readonly string[],
  service: string,
): void {
  if (caller.type !== 'oauth') return
  for (const rpc of methods) assertPermitted(caller.permissions, { rpc, aud: service })
}

/** Whoever it would be where this host has no such service: nobody is asked then, but the token is looked at. */
const NOBODY = { did: 'did:web:api.bsky.app', id: 'bsky_appview' }

/** The same, before it is looked up where the service is. */
export function assertMayForward(
  caller: UserCredentials,
  nsid: string,
  fallback: Fallback,
  parts: { request: Request; services: ProxyServices },
): void {
  if (caller.type !== 'oauth') return
  for (const needed of mayForward(nsid, fallback)(parts)) {
    assertPermitted(caller.permissions, needed)
  }
}

/**
 * The rule of handlers that forward, or answer in another service's place: the token must allow `nsid` at
 * the service that the request names, or else the one that it goes to.
 */
export const mayForward = (nsid: string, fallback: Fallback = 'appview') =>
  Object.assign(
    ({
      request,
      services,
    }: {
      request: Request
      services: ProxyServices
    }): readonly Permission[] => {
      const { did, id } = nameService(request, nsid, fallback, services)
      return [{ rpc: nsid, aud: `${did}#${id}` }]
    },
    // For documentation, which does not call the rule.
    { rpc: nsid },
  )

function nameService(
  request: Request,
  nsid: string,
  fallback: Fallback,
  { config }: ProxyServices,
): { did: string; id: string } {
  const header = request.headers.get('atproto-proxy')
  if (header) return parseProxyHeader(header)
  const to = findSetting(nsid, config.proxyRoutes)?.to ?? fallback
  if (to === undefined || to === 'refuse') return NOBODY
  return typeof to === 'object' ? to : (config[to] ?? NOBODY)
}
