/** A browser as a server sees it: cookies, and the headers that say who asks for what. It runs no scripts. */
import { type IncomingHttpHeaders, request } from 'node:http'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** The body, parsed. */
  json(): Record<string, unknown>
}

const API = '/@atproto/oauth-provider/~api'

export class Browser {
  readonly origin: string
  readonly #cookies = new Map<string, string>()
  /** Address of the page that is open. */
  #page = ''

  /** @param origin the host's own, which its pages are under */
  constructor(origin: string) {
    this.origin = origin
  }

  /** Opens a page, as if its address was typed, or as if a page of `from` led there. */
  async open(url: string, from: 'none' | 'cross-site' | 'same-origin' = 'none'): Promise<Answer> {
    const answer = await this.send('GET', url, {
      'sec-fetch-site': from,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(from === 'same-origin' && { referer: this.#page }),
    })
    this.#page = new URL(url, this.origin).href
    return answer
  }

  /** What the script of the open page asks the host. `headers` replace those that it sends. */
  api(
    method: 'GET' | 'POST',
    path: string,
    input: Record<string, unknown>,
    headers: Record<string, string | undefined> = {},
  ): Promise<Answer> {
    const query = method === 'GET' ? `?${new URLSearchParams(input as Record<string, string>)}` : ''
    return this.send(
      method,
      `${API}${path}${query}`,
      {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'same-origin',
        'sec-fetch-dest': 'empty',
        origin: this.origin,
        referer: this.#page,
        'x-csrf-token': this.cookie('csrf-token'),
        ...(method === 'POST' && { 'content-type': 'application/json' }),
        ...headers,
      },
      method === 'POST' ? JSON.stringify(input) : undefined,
    )
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  /** A request with the browser's cookies. Redirects are not followed. */
  async send(
    method: string,
    path: string,
    headers: Record<string, string | undefined>,
    body?: string,
  ): Promise<Answer> {
    const url = new URL(path, this.origin)
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = { ...headers, ...(cookie && { cookie }) }
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
    const answer = await exchange(method, url, sent as Record<string, string>, body)
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }
}

function exchange(
  method: string,
  url: URL,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, json: () => JSON.parse(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
