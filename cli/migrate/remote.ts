/** Requests to a host by XRPC, as somebody asks who moves a whole account over an unreliable line. */
import { setTimeout as wait } from 'node:timers/promises'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { retryAfterOf, waitInWords } from '../../src/kernel/net/retry-after.ts'
import { jsonObject } from '../../src/services/move-in/json-object.ts'
import { reasonOf } from '../terminal/reason.ts'
import { MoveError, RemoteError } from './errors.ts'

/** How long and how often a host is waited for. */
export interface Patience {
  /** Tries of one request. */
  attempts: number
  /** Pause after the first try that failed, ms; it doubles. */
  pause: number
  /** How long a host may be silent, ms. */
  silence: number
}

export const PATIENCE: Patience = { attempts: 8, pause: 500, silence: 60_000 }

const MAX_PAUSE = 30_000
/** A host that asks to wait for longer is left alone until somebody goes on, ms. */
const MAX_RETRY_AFTER = 15 * 60_000
/** Largest answer that is read into memory, bytes. */
const MAX_ANSWER = 16 * 1024 * 1024
/** As much of a refusal is read, bytes. */
const MAX_REFUSAL = 10_000

export interface RemoteOptions {
  patience: Patience
  /** Ends whatever is under way. */
  signal: AbortSignal
  /** Told why the move waits. */
  onWait(line: string): void
}

export interface Asked {
  params?: Record<string, string | number | readonly string[] | undefined>
  /** Sent as JSON. */
  body?: object
  /** Sent as it is; a request with it is tried once. */
  stream?: { bytes: ReadableStream<Uint8Array>; type: string; size: number }
  token?: string | undefined
  /** Another header `Authorization` than a token's. */
  authorization?: string | undefined
  /** ms that the answer may take, if not as long as a silence. */
  patienceForAnswer?: number
  method?: 'GET' | 'POST'
}

export class Remote {
  readonly origin: string
  /** Such as `the old host`. */
  readonly name: string
  readonly #options: RemoteOptions

  constructor(name: string, origin: string, options: RemoteOptions) {
    this.name = name
    this.origin = origin
    this.#options = options
  }

  /** Asks for JSON; tried again while that may help. @throws RemoteError, MoveError */
  get<T>(method: string, params: Asked['params'] = {}, token?: string): Promise<T> {
    return this.again(() => this.ask<T>(method, { params, token }))
  }

  /** The same for what changes nothing when it is done twice. @throws RemoteError, MoveError */
  post<T>(method: string, body: object | undefined, token?: string): Promise<T> {
    return this.again(() => this.ask<T>(method, { body, token, method: 'POST' }))
  }

  /** Asks for JSON, once. @throws RemoteError, `isUnclear` where it may have been done */
  async ask<T>(method: string, asked: Asked): Promise<T> {
    const response = await this.open(method, asked)
    const text = (await this.#readAll(method, response)).toString()
    const answer = jsonObject(text || '{}')
    // What is in it may still be anything.
    if (!answer) throw this.#failed(method, 'its answer is no JSON object')
    return answer as T
  }

  /** The bytes of a short answer, tried again while that may help. @throws RemoteError, MoveError */
  getBytes(method: string, asked: Asked): Promise<Buffer> {
    return this.again(async () => this.#readAll(method, await this.open(method, asked)))
  }

  async #readAll(method: string, { bytes }: Opened): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of bytes) {
      size += piece.byteLength
      if (size > MAX_ANSWER) throw this.#failed(method, 'its answer is too large')
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }

  /** The bytes of an answer as they arrive. Reading them throws a RemoteError when they end early. */
  async open(method: string, asked: Asked): Promise<Opened> {
    const { signal, patience } = this.#options
    const watch = new Watch(signal, patience.silence)
    const url = `${this.origin}/xrpc/${method}${query(asked.params)}`
    const headers: Record<string, string> = {}
    if (asked.authorization) headers.authorization = asked.authorization
    if (asked.token) headers.authorization = `Bearer ${asked.token}`
    if (asked.body) headers['content-type'] = 'application/json'
    if (asked.stream) {
      headers['content-type'] = asked.stream.type
      headers['content-length'] = String(asked.stream.size)
    }
    const body = asked.stream ? watch.over(asked.stream.bytes, asked.patienceForAnswer) : undefined
    try {
      const response = await fetch(url, {
        method: asked.method ?? (asked.body || asked.stream ? 'POST' : 'GET'),
        headers,
        body: body ?? (asked.body && JSON.stringify(asked.body)),
        ...(body && { duplex: 'half' }),
        redirect: 'error',
        signal: watch.signal,
      })
      watch.touch()
      if (!response.ok) throw await this.#refusal(method, response)
      return { headers: response.headers, bytes: this.#read(method, response, watch) }
    } catch (error) {
      watch.end()
      signal.throwIfAborted()
      if (error instanceof RemoteError) throw error
      throw this.#failed(method, whyOf(error, watch), error)
    }
  }

  /**
   * Does something until it succeeds, with pauses in between, as long as that may help.
   *
   * @throws RemoteError; MoveError when the host asks for more time than anybody waits for
   */
  async again<T>(work: () => Promise<T>): Promise<T> {
    const { patience, onWait, signal } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof RemoteError && error.isPassing)) throw error
        if (error.retryAfter !== undefined && error.retryAfter > MAX_RETRY_AFTER) {
          throw new MoveError(
            `${error.message}. It asks to be left alone: run the same command again ${waitInWords(error.retryAfter)}. Everything so far is kept.`,
          )
        }
        if (attempt >= patience.attempts) throw error
        const pause = Math.min(patience.pause * 2 ** (attempt - 1), MAX_PAUSE)
        const left = error.retryAfter ?? pause * (0.75 + Math.random() / 2)
        onWait(
          `${error.message}; again in ${Math.max(1, Math.round(left / 1000))} s (try ${attempt + 1} of ${patience.attempts})`,
        )
        await wait(left, undefined, { signal })
      }
    }
  }

  async *#read(method: string, response: Response, watch: Watch): AsyncGenerator<Uint8Array> {
    const { signal } = this.#options
    const expected = lengthOf(response.headers)
    let size = 0
    try {
      if (response.body) {
        for await (const piece of response.body as AsyncIterable<Uint8Array>) {
          watch.touch()
          size += piece.byteLength
          yield piece
          watch.touch()
        }
      }
    } catch (error) {
      signal.throwIfAborted()
      throw this.#failed(method, whyOf(error, watch), error)
    } finally {
      watch.end()
    }
    if (expected !== undefined && size !== expected) {
      throw this.#failed(method, `it sent ${size} bytes of ${expected}`)
    }
  }

  async #refusal(method: string, response: Response): Promise<RemoteError> {
    const { status, headers } = response
    const text = await beginningOf(response)
    // A proxy in front of the host may say no JSON.
    const said = jsonObject(text)
    const code = typeof said?.error === 'string' ? said.error : undefined
    const message = typeof said?.message === 'string' ? said.message : (code ?? 'no reason given')
    return new RemoteError(
      `${this.name} refused ${method} (${status}): ${escapeControls(message.slice(0, 500))}`,
      { status, code, retryAfter: retryAfterOf(headers) },
    )
  }

  #failed(method: string, why: string, cause?: unknown): RemoteError {
    return new RemoteError(`${this.name} (${this.origin}) did not answer ${method}: ${why}`, {
      cause,
    })
  }
}

/** The first bytes of a refusal; the rest is not waited for. */
async function beginningOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      pieces.push(piece)
      size += piece.byteLength
      if (size > MAX_REFUSAL) break
    }
  } catch {
    // The status says enough.
  }
  return Buffer.concat(pieces).toString('utf8', 0, MAX_REFUSAL)
}

export interface Opened {
  headers: Headers
  bytes: AsyncGenerator<Uint8Array>
}

/** Ends a request when nothing has moved for a while. */
class Watch {
  isOver = false
  readonly #controller = new AbortController()
  readonly #silence: number
  #timer: NodeJS.Timeout | undefined
  readonly signal: AbortSignal

  constructor(outer: AbortSignal, silence: number) {
    this.#silence = silence
    this.signal = AbortSignal.any([outer, this.#controller.signal])
    this.touch()
  }

  touch(most = this.#silence): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.isOver = true
      this.#controller.abort(new Error('silence'))
    }, most)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  /** @param forAnswer how long the answer may take once all was sent, ms */
  over(stream: ReadableStream<Uint8Array>, forAnswer?: number): ReadableStream<Uint8Array> {
    return stream.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (piece, controller) => {
          this.touch()
          controller.enqueue(piece)
        },
        flush: () => this.touch(forAnswer),
      }),
    )
  }
}

const whyOf = (error: unknown, watch: Watch): string =>
  watch.isOver ? 'nothing came for too long' : escapeControls(reasonOf(error))

/** Bytes that an answer says to have; undefined where it does not say, or means others than arrive. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') ? undefined : Number(length)
}

function query(params: Asked['params'] = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one))
  }
  return search.size > 0 ? `?${search}` : ''
}
