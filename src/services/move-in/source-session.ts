/** Somebody's session at the host that they leave. */
import { SourceError, type SourceHost } from './source.ts'
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
  ask<T>(
    method: string,
    asked: { params?: Record<string, string>; body?: object; isProcedure?: boolean } = {},
  ): Promise<T> {
    return this.#asOwner((token) => this.#host.ask<T>(method, { ...asked, token }))
  }

  /** @param maxBytes more is an error of the stream. @throws SourceError */
  open(
    method: string,
    params: Record<string, string | string[]>,
    maxBytes: number,
  ): Promise<Response> {
    return this.#asOwner((token) => this.#host.open(method, { params, token }, maxBytes))
  }

  async #asOwner<T>(work: (token: string) => Promise<T>): Promise<T> {
    const state = this.#state
    try {
      return await work(state.access)
    } catch (error) {
      if (!(error instanceof SourceError && error.error === 'ExpiredToken')) throw error
      const { accessJwt, refreshJwt } = await this.#host.ask<Record<string, unknown>>(
        'com.atproto.server.refreshSession',
        { isProcedure: true, token: state.refresh },
      )
      if (typeof accessJwt !== 'string' || typeof refreshJwt !== 'string') throw error
      state.access = accessJwt
      state.refresh = refreshJwt
      return work(accessJwt)
    }
  }
}
