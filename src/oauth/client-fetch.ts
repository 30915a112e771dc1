/** How the provider fetches what apps publish about themselves: from anywhere public, within limits. */
import { currentRequest } from '../context/current-request.ts'
import { isolateLimits } from '../context/limits/isolate.ts'
import type { Services } from '../context/services.ts'
import { guardedFetch } from '../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../kernel/net/network-error.ts'
import { FetchRequestError } from '../platform/fetch-node.ts'
import { DocumentLimits } from './document-limits.ts'

const LIMITS = { timeout: 5_000, maxBytes: 512 * 1024 }

const documents = new DocumentLimits(isolateLimits)

/** @throws FetchRequestError 429 */
async function countFetch(request: Request, { clients }: Services['oauth']): Promise<void> {
  const { limits, clientNetwork } = currentRequest()
  if (!limits.isLimited) return
  const isUsedHere = async (clientId: string) => clients.isKnown(clientId)
  if (!(await documents.mayFetch(request.url, clientNetwork, isUsedHere))) {
    throw new FetchRequestError(request, 429, 'Too many documents of apps were asked for')
  }
}

/**
 * `fetch` for client metadata and key sets, without redirects (client ID metadata document specification). The
 * body is read at once, and goes on being read when the user has left: others may wait for the same document.
 *
 * @throws FetchRequestError whose message the provider passes on: who makes the app is to learn what is wrong
 */
export const clientFetch =
  (services: Pick<Services, 'config' | 'oauth' | 'network'>): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const { url, headers } = request
    await countFetch(request, services.oauth)
    const { config, network } = services
    const options = { ...LIMITS, reachPrivate: config.reachPrivate, fetch: network.public }
    const whole = guardedFetch(url, { ...options, headers: Object.fromEntries(headers) })
      .then(async (response) => {
        const { ok, status } = response
        const body = await response.text()
        if (ok) documents.learn(url, body)
        return new Response(body, { status, headers: response.headers })
      })
      .catch((error: unknown) => {
        if (!(error instanceof NetworkError)) throw error
        throw new FetchRequestError(request, 400, error.message, { cause: error })
      })
    currentRequest().waitUntil(whole.catch(() => {}))
    return whole
  }
