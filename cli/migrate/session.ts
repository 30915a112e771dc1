/** Being signed in at a host, for as long as a move takes. */
import { MoveError, RemoteError } from './errors.ts'
import type { Asked, Opened, Remote } from './remote.ts'

export interface SessionOptions {
  remote: Remote
  did: string
  /** Kept from an earlier run; it may have expired. */
  token: string | undefined
  password(): Promise<string>
  /** A code of the second factor that was given along. */
  givenCode: string | undefined
  /** Asks for a code of the second factor; empty: the host is to mail another one. @throws MoveError */
  code(): Promise<string>
  /** Told that the host does not take a code. */
  onWrongCode(line: string): void
  /** Called with each new access token. */
  keep(token: string): void
}

interface Tokens {
  accessJwt: string
  refreshJwt: string
}

/** What `getSession` says. */
export interface SessionView {
  did: string
  handle: string
  email?: string
  emailConfirmed?: boolean
  active?: boolean
  status?: string
}

/** Codes of a second factor that are asked for until one is right. */
const MAX_CODES = 5

/** An access token is renewed when it has less left, ms. */
const MARGIN = 60_000

export class Session {
  readonly #options: SessionOptions
  #token: string | undefined
  /** In memory only: it is good for months. */
  #refreshToken: string | undefined
  /** Codes are good once. */
  #sentGiven = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#token = options.token
  }

  /** As an account that was just made gives them. */
  use({ accessJwt, refreshJwt }: Tokens): void {
    this.#token = accessJwt
    this.#refreshToken = refreshJwt
    this.#options.keep(accessJwt)
  }

  /** Whether there is a token that has not expired. */
  get isOpen(): boolean {
    return this.#token !== undefined && expiryOf(this.#token) > Date.now() + MARGIN
  }

  /** An access token that is good for a while. @throws MoveError, RemoteError */
  async token(): Promise<string> {
    if (this.#token !== undefined && this.isOpen) return this.#token
    if (!(await this.#refresh())) await this.#signIn()
    return this.#token ?? ''
  }

  get<T>(method: string, params?: Asked['params']): Promise<T> {
    return this.#with((token) => this.#options.remote.get<T>(method, params, token))
  }

  /** For what changes nothing when it is done twice. */
  post<T>(method: string, body?: object): Promise<T> {
    return this.#with((token) => this.#options.remote.post<T>(method, body, token))
  }

  /** Once. */
  ask<T>(method: string, asked: Asked): Promise<T> {
    return this.#with((token) => this.#options.remote.ask<T>(method, { ...asked, token }))
  }

  getBytes(method: string, asked: Asked): Promise<Buffer> {
    return this.#with((token) => this.#options.remote.getBytes(method, { ...asked, token }))
  }

  open(method: string, asked: Asked): Promise<Opened> {
    return this.#with((token) => this.#options.remote.open(method, { ...asked, token }))
  }

  /** A token may have ended before its time, such as by a new password. */
  async #with<T>(work: (token: string) => Promise<T>): Promise<T> {
    const token = await this.token()
    try {
      return await work(token)
    } catch (error) {
      const isRefused =
        error instanceof RemoteError &&
        (error.status === 401 || error.status === 400) &&
        (error.code === 'ExpiredToken' || (error.code === 'InvalidToken' && error.status === 401))
      if (!isRefused || this.#token !== token) throw error
      this.#token = undefined
      return work(await this.token())
    }
  }

  async #refresh(): Promise<boolean> {
    const token = this.#refreshToken
    if (token === undefined) return false
    // Its answer may get lost: the token is good once.
    this.#refreshToken = undefined
    try {
      const method = 'com.atproto.server.refreshSession'
      this.use(await this.#options.remote.ask<Tokens>(method, { method: 'POST', token }))
      return true
    } catch (error) {
      if (error instanceof RemoteError) return false
      throw error
    }
  }

  async #signIn(): Promise<void> {
    const { remote, did, password } = this.#options
    const tokens = await this.#open({
      identifier: did,
      password: await password(),
      allowTakendown: true,
    })
    if (tokens.did !== did) {
      throw new MoveError(
        `${remote.name} signed in ${tokens.did}, not ${did}: it cannot be trusted`,
      )
    }
    if (String(claimsOf(tokens.accessJwt).scope).startsWith('com.atproto.appPass')) {
      throw new MoveError(
        `That is an app password of ${remote.name}: moving takes the main password of the account.`,
      )
    }
    this.use(tokens)
  }

  /**
   * A code that was given along is sent at once: a host that mails codes mails another one whenever none is sent, and may
   * take the newest only. Hosts name what is wrong differently: that it is the code is known once one was asked for.
   */
  async #open(input: object): Promise<Tokens & { did: string }> {
    const { remote, givenCode, code: askForCode, onWrongCode } = this.#options
    let code = this.#sentGiven ? undefined : givenCode
    this.#sentGiven = true
    let isGiven = code !== undefined
    for (let asked = 0; ; ) {
      try {
        const body = { ...input, ...(code && { authFactorToken: code }) }
        return await remote.again(() => remote.ask('com.atproto.server.createSession', { body }))
      } catch (error) {
        if (!(error instanceof RemoteError) || error.isPassing) throw error
        const wantsCode = error.code === 'AuthFactorTokenRequired'
        if (!wantsCode && code === undefined) throw signInError(error, remote)
        if (!wantsCode) onWrongCode(`${remote.name} does not take the code: ${error.message}`)
        if (asked >= MAX_CODES) throw signInError(error, remote)
        if (isGiven && !wantsCode) {
          // Perhaps it was the password: without a code the host says which.
          code = undefined
        } else {
          asked++
          code = (await askForCode()) || undefined
        }
        isGiven = false
      }
    }
  }
}

function signInError(error: RemoteError, remote: Remote): Error {
  return new MoveError(`Signing in at ${remote.origin} failed: ${error.message}`)
}

/** ms since 1970; a token that does not say is used until it is refused. */
function expiryOf(token: string): number {
  const { exp } = claimsOf(token)
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY
}

function claimsOf(token: string): { exp?: unknown; scope?: unknown } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    return {}
  }
}
