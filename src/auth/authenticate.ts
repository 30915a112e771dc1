/** Enforces the `auth` policy of a handler on a request. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { AuthRequiredError, InvalidRequestError } from '@atproto/xrpc-server'
import type { Config } from '../config.ts'
import type {
  AdminCredentials,
  AuthPolicy,
  RefreshCredentials,
  SessionCredentials,
} from './policy.ts'
import { isSessionScope, REFRESH_SCOPE, TokenError, verifyToken } from './tokens.ts'

/** What authentication needs of the app. */
interface Host {
  config: Pick<Config, 'jwtSecret' | 'serviceDid' | 'adminPassword'>
}

/**
 * Who is calling, as `policy` demands it.
 *
 * @throws AuthRequiredError `AuthMissing`; InvalidRequestError `InvalidToken`, `ExpiredToken`
 */
export async function authenticate<C>(
  policy: AuthPolicy<C>,
  request: Request,
  host: Host,
): Promise<C> {
  const credentials = await establish(policy, request, host)
  // The policy's type parameter and its `accept` are set together in policy.ts.
  return credentials as C
}

async function establish(policy: AuthPolicy<unknown>, request: Request, host: Host) {
  switch (policy.accept) {
    case 'anyone':
      return undefined
    case 'session':
      return sessionOf(request, host, policy.mainPasswordOnly ?? false)
    case 'refresh':
      return refreshOf(request, host, policy.evenExpired ?? false)
    case 'admin':
      return adminOf(request, host)
  }
}

async function sessionOf(
  request: Request,
  host: Host,
  mainPasswordOnly: boolean,
): Promise<SessionCredentials> {
  const { did, scope } = await verify(request, host, 'at+jwt', false)
  if (!isSessionScope(scope) || (mainPasswordOnly && scope !== 'com.atproto.access')) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  return { type: 'session', did, scope }
}

async function refreshOf(
  request: Request,
  host: Host,
  evenExpired: boolean,
): Promise<RefreshCredentials> {
  const { did, scope, jti } = await verify(request, host, 'refresh+jwt', evenExpired)
  if (scope !== REFRESH_SCOPE || jti === undefined) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  return { type: 'refresh', did, jti }
}

function adminOf(request: Request, { config }: Host): AdminCredentials {
  const { scheme, value } = authorization(request)
  if (scheme !== 'basic') throw new AuthRequiredError(undefined, 'AuthMissing')
  const expected = config.adminPassword
  const given = decodeBase64(value)
  if (!expected || !equalSecrets(given, `admin:${expected}`)) throw new AuthRequiredError()
  return { type: 'admin' }
}

async function verify(
  request: Request,
  { config }: Host,
  typ: 'at+jwt' | 'refresh+jwt',
  evenExpired: boolean,
) {
  const { scheme, value } = authorization(request)
  if (scheme !== 'bearer') {
    throw new InvalidRequestError(`Unsupported authorization type: ${scheme}`, 'InvalidToken')
  }
  try {
    const issuer = { secret: config.jwtSecret, serviceDid: config.serviceDid }
    return await verifyToken(issuer, value, typ, { evenExpired })
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new InvalidRequestError(error.message, error.reason)
  }
}

function authorization(request: Request): { scheme: string; value: string } {
  const header = request.headers.get('authorization')
  if (!header) throw new AuthRequiredError('Authentication Required', 'AuthMissing')
  const [scheme, value, ...rest] = header.trim().split(/\s+/)
  if (!scheme || !value || rest.length > 0) {
    throw new InvalidRequestError('Malformed authorization header', 'InvalidToken')
  }
  return { scheme: scheme.toLowerCase(), value }
}

function decodeBase64(value: string): string {
  return Buffer.from(value, 'base64').toString('utf8')
}

/** Compares in constant time; hashing first makes the lengths equal. */
function equalSecrets(a: string, b: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(a), digest(b))
}
