/** How the provider fetches what apps publish about themselves: from anywhere public, within limits. */
import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'
import { guardedFetch } from '../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../kernel/net/network-error.ts'
import { FetchRequestError } from '../platform/fetch-node.ts'
import { isolateLimits } from '../server/limits/isolate.ts'
import type { RateLimitRule } from '../storage/rate-counter.ts'

const LIMITS = { timeout: 5_000, maxBytes: 512 * 1024 }

/** Documents that one network may make this host fetch, and that it fetches from one host, in five minutes. */
const PER_NETWORK: RateLimitRule = { limit: 60, window: 5 * 60 * 1000 }
const PER_HOST: RateLimitRule = { limit: 300, window: 5 * 60 * 1000 }

/** @throws FetchRequestError 429 */
function countFetch(request: Request): void {
  const { limits, clientNetwork } = currentRequest()
  if (!limits.isLimited) return
  const { host } = new URL(request.url)
  const counted = [
    isolateLimits.consume(`client metadata for ${clientNetwork}`, PER_NETWORK),
    isolateLimits.consume(`client metadata from ${host}`, PER_HOST),
  ]
  if (counted.some(({ exceeded }) => exceeded)) {
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
  (services: Pick<Services, 'config'>): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const { url, headers } = request
    countFetch(request)
    const options = { ...LIMITS, reachPrivate: services.config.reachPrivate }
    const whole = guardedFetch(url, { ...options, headers: Object.fromEntries(headers) })
      .then(async (response) => {
        const { status } = response
        return new Response(await response.arrayBuffer(), { status, headers: response.headers })
      })
      .catch((error: unknown) => {
        if (!(error instanceof NetworkError)) throw error
        throw new FetchRequestError(request, 400, error.message, { cause: error })
      })
    currentRequest().waitUntil(whole.catch(() => {}))
    return whole
  }
