/** The host that an account leaves, asked by XRPC. A stranger chose its address, and what it answers is a stranger's. */
import { type Fetch, guardedFetch } from '../../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'
import { retryAfterOf, waitInWords } from '../../kernel/net/retry-after.ts'
import { jsonObject } from './json-object.ts'

/** Of answers in JSON: preferences are the largest. */
const JSON_LIMITS = { timeout: 30_000, maxBytes: 4 * 1024 * 1024 }

/** How long a blob or a repository may take, in ms. */
const STREAM_TIMEOUT = 10 * 60_000

/** Characters of its messages that are shown. */
const MAX_MESSAGE = 300

/** Bytes that are read of a refusal, whatever was asked for. */
const MAX_REFUSAL = 16 * 1024

/** An answer of a stranger: each field may be anything, or missing. */
export type Answer = Readonly<Record<string, unknown>>

/** The old host refused something, or did not answer. */
export class SourceError extends Error {
  override name = 'SourceError'
  /** Undefined: there was no answer. */
  readonly status: number | undefined
  /** The XRPC error name. */
  readonly error: string | undefined

  constructor(message: string, options: { status?: number; error?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.status = options.status
    this.error = options.error
  }
}

export interface SourceOptions {
  fetch: Fetch
  /** Private addresses are let through (`config.reachPrivate`). */
  reachPrivate: boolean
}

interface Asked {
  params?: Record<string, string | number | readonly string[]>
  body?: object
  /** Without a body, too: some procedures have none. */
  isProcedure?: boolean
  token?: string | undefined
}

export class SourceHost {
  readonly origin: string
  readonly #options: SourceOptions

  constructor(origin: string, options: SourceOptions) {
    this.origin = origin
    this.#options = options
  }

  /** @returns the object that it answers; an empty one for no answer. @throws SourceError */
  async ask(method: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.#send(method, asked, JSON_LIMITS)
    const text = await response.text().catch((cause: unknown) => {
      throw unanswered(method, cause)
    })
    if (text === '') return {}
    const answer = jsonObject(text)
    if (answer) return answer
    throw new SourceError(`The old host's answer to ${method} is no JSON object`)
  }

  /** A short answer. @param maxBytes more is an error. @throws SourceError */
  async askForBytes(method: string, asked: Asked, maxBytes: number): Promise<Uint8Array> {
    const response = await this.#send(method, asked, { ...JSON_LIMITS, maxBytes })
    try {
      return new Uint8Array(await response.arrayBuffer())
    } catch (cause) {
      throw unanswered(method, cause)
    }
  }

  /** The bytes of an answer as they come. @param maxBytes more is an error of the stream */
  async open(method: string, asked: Asked, maxBytes: number): Promise<Response> {
    return this.#send(method, asked, { timeout: STREAM_TIMEOUT, maxBytes })
  }

  async #send(
    method: string,
    { params = {}, body, isProcedure, token }: Asked,
    limits: { timeout: number; maxBytes: number },
  ): Promise<Response> {
    const url = new URL(`/xrpc/${method}`, this.origin)
    for (const [name, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value])
        url.searchParams.append(name, String(one))
    }
    let response: Response
    try {
      response = await guardedFetch(url, {
        ...this.#options,
        ...limits,
        method: body || isProcedure ? 'POST' : 'GET',
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw unanswered(method, error)
    }
    if (!response.ok) throw await refusal(method, response)
    return response
  }
}

function unanswered(method: string, error: unknown): SourceError {
  if (!(error instanceof NetworkError)) throw error
  return new SourceError(`The old host did not answer ${method}: ${error.message}`, {
    cause: error,
  })
}

async function refusal(method: string, response: Response): Promise<SourceError> {
  const { status } = response
  const said = jsonObject(await beginningOf(response))
  const error = typeof said?.error === 'string' ? said.error : undefined
  const message = typeof said?.message === 'string' ? said.message : (error ?? `status ${status}`)
  const wait = status === 429 ? retryAfterOf(response.headers) : undefined
  const when = wait === undefined ? '' : `. Try again ${waitInWords(wait)}`
  return new SourceError(
    `The old host refused ${method}: ${message.slice(0, MAX_MESSAGE)}${when}`,
    {
      status,
      ...(error && { error }),
    },
  )
}

/** The rest is not waited for: where a repository was asked for, it could be as large as one. */
async function beginningOf({ body }: Response): Promise<string> {
  if (!body) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  try {
    while (size < MAX_REFUSAL) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      text += decoder.decode(value.subarray(0, MAX_REFUSAL), { stream: true })
    }
  } catch {
    // The status says enough.
  }
  void reader.cancel().catch(() => undefined)
  return text
}
