/**
 * How requests go to other servers: never without limits, and never, where a stranger chose the address,
 * to a place inside the operator's network.
 */
import { checkAddress } from './address.ts'
import { asNetworkError, limitBody, rejectOn } from './limit-body.ts'
import { NetworkError } from './network-error.ts'

/** The part of `fetch` that is used; tests put a stand-in here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface Limits {
  /** For the headers and the whole body together, ms. */
  timeout: number
  /** Largest accepted body, bytes, after decompression. */
  maxBytes: number
}

export interface BoundedOptions extends Limits {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Ends the request early; its reason is what the request then fails with. */
  signal?: AbortSignal
  /** The way out: see `Network`. */
  fetch: Fetch
}

export interface GuardedOptions extends BoundedOptions {
  /** Private addresses and plain http are let through (`config.reachPrivate`). */
  reachPrivate: boolean
  /** How many redirects are followed, each checked like the first address. Default: none. */
  redirects?: number
}

/**
 * A request to an address that a stranger chose. Of any status but 3xx the response is returned; its body
 * fails with a NetworkError when it takes too long or grows too large.
 *
 * @throws NetworkError `refused-address`, `timeout`, `unreachable`, `too-large`, `redirect`
 */
export async function guardedFetch(
  input: string | URL,
  { reachPrivate, redirects = 0, ...options }: GuardedOptions,
): Promise<Response> {
  let url = checkAddress(input, reachPrivate)
  const deadline = Date.now() + options.timeout
  for (let left = redirects; ; left--) {
    const timeout = Math.max(0, deadline - Date.now())
    const response = await send(url.href, { ...options, timeout })
    if (!isRedirect(response)) return response
    await response.body?.cancel()
    const location = response.headers.get('location')
    const next = location === null ? null : URL.parse(location, url)
    if (left <= 0 || !next) throw redirected(response.status)
    url = checkAddress(next, reachPrivate)
  }
}

/**
 * A request to an address that the operator chose (PLC directory, DNS resolver, relay): the same limits, any
 * address. Redirects are errors.
 *
 * @throws NetworkError `timeout`, `unreachable`, `too-large`, `redirect`
 */
export async function boundedFetch(url: string, options: BoundedOptions): Promise<Response> {
  const response = await send(url, options)
  if (!isRedirect(response)) return response
  await response.body?.cancel()
  throw redirected(response.status)
}

/** The body as text; @throws NetworkError `status`, `timeout`, `unreachable`, `too-large` */
export async function readText(response: Response): Promise<string> {
  if (response.ok) return response.text()
  await response.body?.cancel()
  const { status } = response
  throw new NetworkError('status', `It answered with status ${status}`, { status })
}

/** The body as JSON; @throws NetworkError `malformed`, and as `readText` */
export async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new NetworkError('malformed', 'The answer is not JSON', { cause })
  }
}

async function send(url: string, options: BoundedOptions): Promise<Response> {
  const { timeout, maxBytes, method, headers, body, fetch } = options
  const timer = new AbortController()
  const timedOut = () => timer.abort(new NetworkError('timeout', `No answer within ${timeout} ms`))
  const alarm = setTimeout(timedOut, timeout)
  const signal = options.signal ? AbortSignal.any([timer.signal, options.signal]) : timer.signal
  const done = () => clearTimeout(alarm)
  try {
    const init = { method, headers, body, redirect: 'manual', signal } as const
    const response = await Promise.race([fetch(url, init), rejectOn(signal)])
    return limitBody(response, maxBytes, signal, done)
  } catch (error) {
    done()
    throw asNetworkError(error, signal)
  }
}

const isRedirect = ({ status }: Response) => status >= 300 && status < 400

const redirected = (status: number) =>
  new NetworkError('redirect', `It answered with a redirect (${status})`, { status })
