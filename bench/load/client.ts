/** The one HTTP client that drives both servers: connections that stay open, little of its own. */
import type { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'

export interface Call {
  /** NSID. */
  method: string
  params?: Record<string, string | number>
  /** Sent as JSON with POST. */
  input?: unknown
  /** Sent as it is with POST. */
  bytes?: { type: string; body: Uint8Array | Readable; length: number }
  token?: string
  headers?: Record<string, string>
}

export interface Answer<T> {
  body: T
  headers: Dispatcher.ResponseData['headers']
}

/** The server answered with an error. */
export class XrpcFailure extends Error {
  override name = 'XrpcFailure'
  readonly status: number

  constructor(method: string, status: number, body: string) {
    super(`${method} answers ${status} ${body.slice(0, 300)}`)
    this.status = status
  }
}

/** Timeouts are long: an import of hundreds of MB is one request. */
const PATIENCE = 30 * 60_000

export class Xrpc {
  readonly #pool: Pool

  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: PATIENCE,
      bodyTimeout: PATIENCE,
      keepAliveTimeout: 60_000,
    })
  }

  /** @throws XrpcFailure unless the status is 200 */
  async call<T>(call: Call): Promise<Answer<T>> {
    const { body, headers } = await this.#send(call)
    const text = await body.text()
    return { body: (text === '' ? undefined : JSON.parse(text)) as T, headers }
  }

  /** The same without looking at the answer. @returns how many bytes it had */
  async drain(call: Call): Promise<number> {
    const { body } = await this.#send(call)
    let bytes = 0
    for await (const chunk of body) bytes += (chunk as Uint8Array).byteLength
    return bytes
  }

  /** The same with the answer as a stream. */
  async stream(call: Call): Promise<Readable> {
    return (await this.#send(call)).body
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #send(call: Call): Promise<Dispatcher.ResponseData> {
    const response = await this.#pool.request(request(call))
    if (response.statusCode === 200) return response
    throw new XrpcFailure(call.method, response.statusCode, await response.body.text())
  }
}

function request({
  method,
  params,
  input,
  bytes,
  token,
  headers,
}: Call): Dispatcher.RequestOptions {
  const query = params
    ? `?${Object.entries(params)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&')}`
    : ''
  const path = `/xrpc/${method}${query}`
  const all: Record<string, string> = { ...headers }
  if (token !== undefined) all.authorization = `Bearer ${token}`
  if (input !== undefined) {
    all['content-type'] = 'application/json'
    return { path, method: 'POST', headers: all, body: JSON.stringify(input) }
  }
  if (bytes) {
    all['content-type'] = bytes.type
    all['content-length'] = String(bytes.length)
    return { path, method: 'POST', headers: all, body: bytes.body }
  }
  return { path, method: 'GET', headers: all }
}
