/** Somebody's session at the host that they leave. */
import { type Answer, SourceError, type SourceHost } from './source.ts'
import type { MoveState } from './state.ts'

export class SourceSession {
  readonly #host: SourceHost
  readonly #state: MoveState

  /** @param state its tokens are renewed when the old host says that they have expired */
  constructor(host: SourceHost, state: MoveState) {
    this.#host = host
    this.#state = state
  }

  /** @throws SourceError */
  ask(
    method: string,
    asked: { params?: Record<string, string>; body?: object; isProcedure?: boolean } = {},
  ): Promise<Answer> {
    return this.#asOwner((token) => this.#host.ask(method, { ...asked, token }))
  }

  /** @param maxBytes more is an error of the stream. @throws SourceError */
  open(
    method: string,
    params: Record<string, string | string[]>,
    maxBytes: number,
  ): Promise<Response> {
    return this.#asOwner((token) => this.#host.open(method, { params, token }, maxBytes))
  }

  /** @throws SourceError */
  askForBytes(
    method: string,
    params: Record<string, string | string[]>,
    maxBytes: number,
  ): Promise<Uint8Array> {
    return this.#asOwner((token) => this.#host.askForBytes(method, { params, token }, maxBytes))
  }

  async #asOwner<T>(work: (token: string) => Promise<T>): Promise<T> {
    const state = this.#state
    try {
      return await work(state.access)
    } catch (error) {
      if (!(error instanceof SourceError && error.error === 'ExpiredToken')) throw error
      const renewed = tokensOf(
        await this.#host.ask('com.atproto.server.refreshSession', {
          isProcedure: true,
          token: state.refresh,
        }),
      )
      if (!renewed) throw error
      Object.assign(state, renewed)
      return work(renewed.access)
    }
  }
}

/** Text that a header can hold, as tokens are (RFC 6750 section 2.1), and that a cookie might. */
const TOKEN = /^[\w.~+/-]{1,3000}=*$/

/** The tokens of a session; undefined where either is none. */
export function tokensOf({
  accessJwt: access,
  refreshJwt: refresh,
}: Answer): Pick<MoveState, 'access' | 'refresh'> | undefined {
  const isToken = (value: unknown): value is string =>
    typeof value === 'string' && TOKEN.test(value)
  return isToken(access) && isToken(refresh) ? { access, refresh } : undefined
}
