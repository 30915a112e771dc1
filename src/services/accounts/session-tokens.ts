/** Session tokens: HS256 JWTs as the reference PDS issues them. */
import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify, SignJWT } from 'jose'

/** Scopes of access tokens, as the reference PDS names them. */
export type SessionScope =
  | 'com.atproto.access'
  | 'com.atproto.appPass'
  | 'com.atproto.appPassPrivileged'
  | 'com.atproto.takendown'
  | 'com.atproto.signupQueued'

export const REFRESH_SCOPE = 'com.atproto.refresh'
const ACCESS_LIFETIME = '2h'
const REFRESH_LIFETIME = '90d'

const SESSION_SCOPES: ReadonlySet<string> = new Set<SessionScope>([
  'com.atproto.access',
  'com.atproto.appPass',
  'com.atproto.appPassPrivileged',
  'com.atproto.takendown',
  'com.atproto.signupQueued',
])

/** What tokens are made with, and for whom. */
export interface TokenIssuer {
  /** The first signs; what any of them has signed is taken. */
  secrets: readonly string[]
  /** Audience: the DID of this server. */
  serviceDid: string
}

export interface TokenPair {
  accessJwt: string
  refreshJwt: string
}

/** What a verified token says. */
export interface TokenClaims {
  did: string
  scope: string
  jti: string | undefined
  /** The session that an access token belongs to, through all its refresh tokens. */
  session: string | undefined
}

/** What the tokens of a session say. */
export interface TokenSubject {
  did: string
  /** Scope of the access token. */
  scope: string
  /** Id of the refresh token. */
  id: string
  /** The session, from sign-in to sign-out. */
  family: string
}

/** A token was refused; `reason` tells a client whether refreshing helps. */
export class TokenError extends Error {
  override name = 'TokenError'
  readonly reason: 'ExpiredToken' | 'InvalidToken'
  constructor(reason: TokenError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export const isSessionScope = (scope: string): scope is SessionScope => SESSION_SCOPES.has(scope)

/** An access token, and the refresh token that yields the next. */
export async function issueTokens(
  issuer: TokenIssuer,
  { did, scope, id, family }: TokenSubject,
): Promise<TokenPair> {
  const base = (typ: string, claims: Record<string, string>, lifetime: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ })
      .setSubject(did)
      .setAudience(issuer.serviceDid)
      .setIssuedAt()
      .setExpirationTime(lifetime)
  const key = await secretKey(issuer.secrets[0] ?? '')
  const [accessJwt, refreshJwt] = await Promise.all([
    base('at+jwt', { scope, sid: family }, ACCESS_LIFETIME).sign(key),
    base('refresh+jwt', { scope: REFRESH_SCOPE }, REFRESH_LIFETIME).setJti(id).sign(key),
  ])
  return { accessJwt, refreshJwt }
}

/** Tokens whose signature was checked, by issuer and token; their age is looked at each time. */
const verified = new Map<string, { claims: TokenClaims; expires: number }>()

/** Tokens cached per isolate. */
const MAX_VERIFIED = 1000

/**
 * Checks signature, audience, type and age of a session token. The signature of a token is checked once
 * per isolate: a client sends the same one with each request.
 *
 * @throws TokenError
 */
export async function verifyToken(
  issuer: TokenIssuer,
  token: string,
  typ: 'at+jwt' | 'refresh+jwt',
  { evenExpired = false } = {},
): Promise<TokenClaims> {
  const key = [typ, issuer.serviceDid, ...issuer.secrets, token].join(' ')
  const known = verified.get(key)
  if (known && known.expires > Date.now()) return known.claims
  const { claims, expires } = await checkToken(issuer, token, typ, evenExpired)
  if (verified.size >= MAX_VERIFIED) verified.clear()
  verified.set(key, { claims, expires })
  return claims
}

async function checkToken(
  issuer: TokenIssuer,
  token: string,
  typ: string,
  evenExpired: boolean,
): Promise<{ claims: TokenClaims; expires: number }> {
  try {
    const { payload } = await verifyWithAny(issuer.secrets, token, {
      algorithms: ['HS256'],
      audience: issuer.serviceDid,
      typ,
      // An expired token still proves who held it: that is enough to sign out.
      ...(evenExpired && { currentDate: new Date(0) }),
    })
    const { sub, scope, jti, exp = 0, sid } = payload
    const session = typeof sid === 'string' ? sid : undefined
    // Tokens of other kinds (service auth, OAuth) must not pass for session tokens.
    if (!sub || typeof scope !== 'string' || 'lxm' in payload || 'cnf' in payload) {
      throw new TokenError('InvalidToken', 'Malformed token')
    }
    return { claims: { did: sub, scope, jti, session }, expires: exp * 1000 }
  } catch (error) {
    if (error instanceof TokenError) throw error
    if (error instanceof errors.JWTExpired) {
      throw new TokenError('ExpiredToken', 'Token has expired')
    }
    throw new TokenError('InvalidToken', 'Token could not be verified')
  }
}

async function verifyWithAny(
  [secret = '', ...others]: readonly string[],
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, await secretKey(secret), options)
  } catch (error) {
    const isAnothers = error instanceof errors.JWSSignatureVerificationFailed && others.length > 0
    if (!isAnothers) throw error
    return verifyWithAny(others, token, options)
  }
}

const keys = new Map<string, Promise<CryptoKey>>()

/** The key of a secret; importing it anew for each request would cost more than the check itself. */
function secretKey(secret: string): Promise<CryptoKey> {
  let key = keys.get(secret)
  if (!key) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const bytes = new TextEncoder().encode(secret)
    key = crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
    keys.set(secret, key)
  }
  return key
}
