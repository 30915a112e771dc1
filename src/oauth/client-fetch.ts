/** How the provider fetches what apps publish about themselves: from anywhere public, within limits. */
import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'
import { guardedFetch } from '../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../kernel/net/network-error.ts'
import { FetchRequestError } from '../platform/fetch-node.ts'

const LIMITS = { timeout: 5_000, maxBytes: 512 * 1024 }

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
