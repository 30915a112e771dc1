import { XRPCError } from '@atproto/xrpc-server'

const KINDS = {
  'handle-not-found': [400, 'HandleNotFound'],
  'did-not-found': [400, 'DidNotFound'],
  'did-deactivated': [400, 'DidDeactivated'],
  unreachable: [502, 'UpstreamFailure'],
} as const

export type IdentityErrorKind = keyof typeof KINDS

/** It could not be found out who somebody is. An XRPC error with the name that the lexicons declare. */
export class IdentityError extends XRPCError {
  override name = 'IdentityError'
  readonly kind: IdentityErrorKind

  constructor(kind: IdentityErrorKind, message: string, cause?: unknown) {
    const [status, name] = KINDS[kind]
    super(status, message, name, { cause })
    this.kind = kind
  }
}
