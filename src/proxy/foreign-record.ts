/** Records of accounts that live elsewhere, as the AppView has them. */

import { requestHeaders } from './headers.ts'
import { send } from './send.ts'
import type { ProxyServices } from './services.ts'

/**
 * Asks the configured AppView for a record, in nobody's name: records are public. A service that a header
 * names is not asked, or everybody could use this host to reach others.
 *
 * @param query of `com.atproto.repo.getRecord`, with its question mark
 * @returns undefined when there is no AppView
 * @throws UpstreamFailureError; UpstreamTimeoutError
 */
export async function fetchRemoteRecord(
  query: string,
  headers: Headers,
  services: ProxyServices,
): Promise<Response | undefined> {
  const { appview } = services.config
  if (!appview) return undefined
  const path = `/xrpc/com.atproto.repo.getRecord${query}`
  const outgoing = { method: 'GET', path, headers: requestHeaders(headers, false) }
  return send(outgoing, { ...appview, byOperator: true }, services)
}
