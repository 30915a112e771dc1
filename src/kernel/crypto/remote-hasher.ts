/** Asks another process to hash, and does without it when it does not answer. */
import { msSince } from '../ms-since.ts'
import { TooManyWaitingError } from './too-many-waiting.ts'

/** The other process, as a service binding. */
export interface HasherService {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** What the other process is asked, as JSON; it answers with the key's bytes, or with 429. */
export interface HashRequest {
  /** Whose password it is: who has much waiting makes room for others. */
  key: string
  password: string
  /** Hex. */
  salt: string
  N: number
  r: number
  p: number
  keyLength: number
}

/** How long it may take to answer, in ms: with its whole queue before it, it takes less. */
const TIMEOUT = 5_000
/** For how long it is left alone after that, in ms: not everybody shall wait for what has stopped. */
const REST = 10_000

/** One for all objects of an isolate; of each, only plain data is kept. */
export class RemoteHasher {
  readonly #service: HasherService
  readonly #timeout: number
  /** When it did not answer, in ms since the epoch. */
  #restsSince = Number.NEGATIVE_INFINITY

  constructor(service: HasherService, timeout = TIMEOUT) {
    this.#service = service
    this.#timeout = timeout
  }

  /**
   * @returns the key; undefined: there is no help from there now
   * @throws TooManyWaitingError
   */
  async derive(asked: HashRequest): Promise<Buffer | undefined> {
    if (msSince(this.#restsSince) < REST) return undefined
    const signal = AbortSignal.timeout(this.#timeout)
    try {
      const response = await this.#service.fetch('http://password-hasher/', {
        method: 'POST',
        body: JSON.stringify(asked),
        signal,
      })
      const key = Buffer.from(await response.arrayBuffer())
      if (response.status === 429) {
        throw new TooManyWaitingError('too many are waiting for a hash')
      }
      return response.ok && key.byteLength === asked.keyLength ? key : undefined
    } catch (error) {
      if (error instanceof TooManyWaitingError) throw error
      if (signal.aborted) this.#restsSince = Date.now()
      return undefined
    }
  }
}
