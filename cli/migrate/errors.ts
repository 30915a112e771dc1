/** What can stop a move, each with what helps. */

/** A move cannot go on; the message is for whoever moves, and says what helps. What was done stays done. */
export class MoveError extends Error {
  override name = 'MoveError'
}

/** A host did not do what it was asked to. */
export class RemoteError extends Error {
  override name = 'RemoteError'
  /** HTTP status; undefined: no answer came, and nobody knows whether the request was carried out. */
  readonly status: number | undefined
  /** XRPC error name. */
  readonly code: string | undefined
  /** ms for which the host asks to be left alone. */
  readonly retryAfter: number | undefined

  constructor(
    message: string,
    options: { status?: number; code?: string; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.status = options.status
    this.code = options.code
    this.retryAfter = options.retryAfter
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === undefined || this.status >= 500 || this.status === 429
  }

  /** Whether nobody knows if the request was carried out. */
  get isUnclear(): boolean {
    return this.status === undefined || this.status >= 500
  }
}
