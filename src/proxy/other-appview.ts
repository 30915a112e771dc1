import type { ProxyServices } from './services.ts'
import { findTarget, type Target } from './target.ts'

/**
 * The service that a request names in `atproto-proxy`, if it is another one than this host's AppView. To it
 * goes what this host does in the place of its own AppView.
 *
 * @throws InvalidRequestError
 */
export async function findOtherAppView(
  request: Request,
  nsid: string,
  services: ProxyServices,
): Promise<Target | undefined> {
  if (!request.headers.has('atproto-proxy')) return undefined
  const named = await findTarget(request, nsid, 'appview', services)
  const { appview } = services.config
  return named.did === appview?.did && named.id === appview.id ? undefined : named
}
