/** Reads the Authorization header. */
import { InvalidRequestError } from '@atproto/xrpc-server'

export interface Authorization {
  /** Lower case. */
  scheme: string
  value: string
}

/** @returns undefined when there is no header. @throws InvalidRequestError `InvalidToken` */
export function readAuthorization(request: Request): Authorization | undefined {
  const header = request.headers.get('authorization')
  if (!header) return undefined
  const [scheme, value, ...rest] = header.trim().split(/\s+/)
  if (!scheme || !value || rest.length > 0) {
    throw new InvalidRequestError('Malformed authorization header', 'InvalidToken')
  }
  return { scheme: scheme.toLowerCase(), value }
}

/** Whose token it claims to be, by its header alone: nothing is verified yet. */
export function bearerKind(token: string): 'session' | 'service' {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'),
    )
    const typ = header && typeof header === 'object' && 'typ' in header ? header.typ : undefined
    return typ === 'at+jwt' || typ === 'refresh+jwt' ? 'session' : 'service'
  } catch {
    return 'session'
  }
}
