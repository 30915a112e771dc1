/** Asks a running host as its operator, and again where an answer may still come. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { retryAfterOf, waitInWords } from '../../src/kernel/net/retry-after.ts'
import { RefusedError } from '../../src/services/backup/errors.ts'
import type { BackupSource } from '../../src/services/backup/source.ts'
import type { KeptFile } from '../../src/services/backup/store.ts'
import { CommandError } from '../terminal/errors.ts'
import { reasonOf } from '../terminal/reason.ts'

/** Attempts at a request that is not answered. */
const ATTEMPTS = 6

export interface HostPatience {
  /** The first pause between two attempts, in ms; it doubles. */
  pause: number
  /** How long one request waits in all for a host that wants to be left alone (429), in ms. */
  most: number
}

const PATIENCE: HostPatience = { pause: 500, most: 15 * 60 * 1000 }

interface Ask {
  method: 'GET' | 'POST'
  headers?: Record<string, string>
  /** Made anew for each attempt. */
  body?(): string | Uint8Array<ArrayBuffer> | ReadableStream
}

export class HostClient implements BackupSource {
  readonly origin: string
  readonly #authorization: string | undefined
  readonly #signal: AbortSignal | undefined
  readonly #patience: HostPatience

  /** @param authorization the header, of its operator or of an account; without, as a stranger */
  constructor(
    origin: string,
    authorization?: string,
    signal?: AbortSignal,
    patience: HostPatience = PATIENCE,
  ) {
    this.origin = origin
    this.#authorization = authorization
    this.#signal = signal
    this.#patience = patience
  }

  /** @throws RefusedError, CommandError */
  async command<T>(path: string, body: object = {}): Promise<T> {
    const response = await this.#ask(`/operator/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(body),
    })
    return (await response.json()) as T
  }

  /** The same, with an answer that is read as it comes. */
  async commandStream(path: string, body: object): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#ask(`/operator/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(body),
    })
    return streamOf(response)
  }

  /** Sends bytes. */
  async send<T>(
    path: string,
    query: Record<string, string>,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<T> {
    const response = await this.#ask(`/operator/${path}?${new URLSearchParams(query)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: () => bytes,
    })
    return (await response.json()) as T
  }

  /** Sends a file. */
  async sendFile(path: string, query: Record<string, string>, file: KeptFile): Promise<void> {
    const response = await this.#ask(`/operator/${path}?${new URLSearchParams(query)}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(file.size),
      },
      body: () => Readable.toWeb(Readable.from(file.bytes())) as ReadableStream,
    })
    await response.body?.cancel()
  }

  /** A query by XRPC. */
  async query(nsid: string, params: Record<string, string>): Promise<AsyncIterable<Uint8Array>> {
    return streamOf(
      await this.#ask(`/xrpc/${nsid}?${new URLSearchParams(params)}`, { method: 'GET' }),
    )
  }

  /** The same, with an answer in JSON. */
  async queryJson<T>(nsid: string, params: Record<string, string>): Promise<T> {
    const path = `/xrpc/${nsid}?${new URLSearchParams(params)}`
    return (await (await this.#ask(path, { method: 'GET' })).json()) as T
  }

  /** A procedure by XRPC, JSON in and out. It may be carried out twice, where an answer got lost. */
  async procedure<T>(nsid: string, body: object): Promise<T> {
    const response = await this.#ask(`/xrpc/${nsid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(body),
    })
    return (await response.json()) as T
  }

  async #ask(path: string, { method, headers, body }: Ask): Promise<Response> {
    let waited = 0
    for (let attempt = 1; ; attempt++) {
      this.#signal?.throwIfAborted()
      const content = body?.()
      const response = await fetch(`${this.origin}${path}`, {
        method,
        // Wherever else that would lead, rows with secrets do not go.
        redirect: 'manual',
        headers: {
          ...headers,
          ...(this.#authorization !== undefined && { authorization: this.#authorization }),
        },
        ...(content !== undefined && { body: content }),
        ...(content instanceof ReadableStream && { duplex: 'half' }),
        ...(this.#signal && { signal: this.#signal }),
      } as RequestInit).catch((error: unknown) => {
        this.#signal?.throwIfAborted()
        if (attempt < ATTEMPTS) return undefined
        throw new CommandError(
          `No server answers at ${this.origin}: start it, or name it with --host. (${reasonOf(error)})`,
        )
      })
      if (response?.ok) return response
      const wait = this.#patience.pause * 2 ** (attempt - 1)
      if (!response || (response.status >= 500 && attempt < ATTEMPTS)) {
        await response?.body?.cancel()
        await sleep(wait, undefined, { signal: this.#signal })
        continue
      }
      if (response.status === 429) {
        await response.body?.cancel()
        const pause = retryAfterOf(response.headers) || wait
        waited += pause
        if (waited > this.#patience.most) throw leftAlone(this.origin, pause)
        await sleep(pause, undefined, { signal: this.#signal })
        continue
      }
      throw await refusal(response, this.#authorization)
    }
  }
}

/** The account that is called so on the host; undefined: there is none. */
export async function namesThere(host: HostClient, name: string) {
  try {
    return await host.command<{ did: string; handle: string; email: string | null }>('account', {
      account: name,
    })
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'InvalidRequest') return undefined
    throw error
  }
}

const leftAlone = (origin: string, wait: number): CommandError =>
  new CommandError(
    `${origin} wants to be left alone (429 Too Many Requests): run the same command again ${waitInWords(wait)}. ` +
      'What was done so far is kept.',
  )

async function refusal(response: Response, authorization?: string): Promise<Error> {
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.status === 401 && authorization?.startsWith('Basic ')) {
    return new CommandError(
      'The server does not take this operator’s password: set PDS_ADMIN_PASSWORD, or PDS_DATA_DIRECTORY to its folder.',
    )
  }
  const location = response.headers.get('location')
  if (location !== null) {
    return new CommandError(
      `${new URL(response.url).origin} leads to ${location}: name that one with --host, if it is the host.`,
    )
  }
  const message = typeof answer.message === 'string' ? answer.message : `status ${response.status}`
  return new RefusedError(response.status, String(answer.error ?? ''), message)
}

const streamOf = (response: Response): AsyncIterable<Uint8Array> =>
  (response.body ?? []) as AsyncIterable<Uint8Array>
