/** Somebody with a browser, for tests in workerd: cookies, and the headers that say who asks for what. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import worker from '../worker.ts'

export const ISSUER = 'http://localhost:2583'
const API = '/@atproto/oauth-provider/~api'

/** As on a host that is not for development: strangers cannot send it into the operator's network. */
const guarded = { ...env, PDS_DISABLE_SSRF_PROTECTION: 'false' }

/** A request to the host. Redirects are not followed. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const context = createExecutionContext()
  const incoming = new Request(new URL(path, ISSUER), { redirect: 'manual', ...init })
  const response = await worker.fetch(
    incoming as Parameters<typeof worker.fetch>[0],
    guarded,
    context,
  )
  // Read at once: what is left of a body ends with the context.
  const body = response.body && (await response.arrayBuffer())
  await waitOnExecutionContext(context)
  return new Response(body, response)
}

export class ProviderSession {
  readonly #cookies = new Map<string, string>()
  #page = ''

  /** Opens a page, coming from one of another site, or from one of the host. */
  async open(url: string, from: 'cross-site' | 'same-origin' = 'cross-site'): Promise<Response> {
    const response = await this.#send(url, {
      headers: {
        'sec-fetch-site': from,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        ...(from === 'same-origin' && { referer: this.#page }),
      },
    })
    this.#page = url
    return response
  }

  /** What the script of the open page asks the host. @throws Error when that is refused */
  async api(path: string, input: object): Promise<unknown> {
    const response = await this.#send(`${API}${path}`, {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'same-origin',
        'sec-fetch-dest': 'empty',
        'content-type': 'application/json',
        origin: ISSUER,
        referer: this.#page,
        'x-csrf-token': this.#cookies.get('csrf-token') ?? '',
      },
      body: JSON.stringify(input),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** Signs in on the open page and allows what it asks for. @returns where the app gets its answer */
  async consent(did: string, password: string): Promise<URL> {
    const who = { locale: 'en', username: did, password, remember: true }
    await this.api('/sign-in', who)
    const { url } = (await this.api('/consent', { did })) as { url: string }
    const redirect = await this.open(url, 'same-origin')
    return new URL(redirect.headers.get('location') ?? '', ISSUER)
  }

  async #send(
    path: string,
    init: { method?: string; headers: Record<string, string>; body?: string },
  ) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await request(path, { ...init, headers: { ...init.headers, cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }
}
