/** Why a request to another server came to nothing. */
export type NetworkErrorKind =
  /** It took too long: connecting, or the whole body. */
  | 'timeout'
  /** The address is none that strangers may send this host to. */
  | 'refused-address'
  /** The body is larger than allowed. */
  | 'too-large'
  /** No such host, connection refused or broken off. */
  | 'unreachable'
  /** It answered with a redirect that is not followed. */
  | 'redirect'
  /** It answered with a status other than 2xx; `status` says which. */
  | 'status'
  /** The body is not what was asked for, such as JSON. */
  | 'malformed'

/** A request to another server came to nothing. */
export class NetworkError extends Error {
  override name = 'NetworkError'
  readonly kind: NetworkErrorKind
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined

  constructor(
    kind: NetworkErrorKind,
    message: string,
    { status, cause }: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.kind = kind
    this.status = status
  }
}
