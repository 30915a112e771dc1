/** The HTTP client that drives all servers: open connections, little work of its own. */
import { type Dispatcher, Pool } from 'undici'

export interface Call {
  /** NSID. */
  method: string
  params?: Record<string, string | number>
  /** Sent as JSON with POST. */
  input?: unknown
  /** Sent as it is with POST. */
  bytes?: { type: string; body: Buffer }
  /** Value of the header. */
  authorization?: string
  /** What the answer must have, unless 200. */
  status?: number
}

/** Long, because an import of hundreds of MB is one request. */
const TIMEOUT = 30 * 60_000

export class Xrpc {
  /** Headers of the last answer to any client. */
  static headers: Dispatcher.ResponseData['headers'] = {}

  readonly #pool: Pool

  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: TIMEOUT,
      bodyTimeout: TIMEOUT,
      keepAliveTimeout: 60_000,
    })
  }

  /** @returns the answer's JSON. @throws Error when it has another status */
  async call<T>(call: Call): Promise<T> {
    const text = await (await this.#send(call)).text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** The same without looking at the answer. @returns how many bytes it had */
  async drain(call: Call): Promise<number> {
    let bytes = 0
    for await (const chunk of await this.#send(call)) bytes += (chunk as Uint8Array).byteLength
    return bytes
  }

  /** The same with the answer as it is. */
  async bytes(call: Call): Promise<Buffer> {
    return Buffer.from(await (await this.#send(call)).arrayBuffer())
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #send(call: Call): Promise<Dispatcher.ResponseData['body']> {
    const { statusCode, headers, body } = await this.#pool.request(request(call))
    Xrpc.headers = headers
    if (statusCode === (call.status ?? 200)) return body
    const text = (await body.text()).slice(0, 300)
    throw new Error(`${call.method} answers ${statusCode} ${text}`)
  }
}

function request({ method, params, input, bytes, authorization }: Call): Dispatcher.RequestOptions {
  const body = bytes?.body ?? (input === undefined ? undefined : JSON.stringify(input))
  const type = bytes?.type ?? 'application/json'
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined ? {} : { 'content-type': type }),
  }
  const path = `/xrpc/${method}`
  return { path, query: params, method: body === undefined ? 'GET' : 'POST', headers, body }
}
