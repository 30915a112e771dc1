/** How the provider fetches what apps publish about themselves: from anywhere public, within limits. */
import { guardedFetch } from '../net/guarded-fetch.ts'
import { currentApp } from './current-app.ts'

const LIMITS = { timeout: 5_000, maxBytes: 512 * 1024 }

/**
 * `fetch` for client metadata and key sets, without redirects (client ID metadata document specification). The
 * body is read at once, and goes on being read when the user has left: others may wait for the same document.
 *
 * @throws NetworkError
 */
export const clientFetch: typeof fetch = async (input, init) => {
  const app = currentApp()
  const { url, headers } = new Request(input, init)
  const options = { ...LIMITS, reachPrivate: app.config.reachPrivate }
  const whole = guardedFetch(url, { ...options, headers: Object.fromEntries(headers) }).then(
    async (response) => {
      const { status } = response
      return new Response(await response.arrayBuffer(), { status, headers: response.headers })
    },
  )
  app.later(whole.catch(() => {}))
  return whole
}
