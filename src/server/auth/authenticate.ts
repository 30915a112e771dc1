/** Enforces the `auth` policy of a handler on a request. */
import { AuthRequiredError, InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import {
  isSessionScope,
  REFRESH_SCOPE,
  TokenError,
  verifyToken,
} from '../../services/accounts/session-tokens.ts'
import { unwrap } from '../../services/objects/result.ts'
import { bearerKind, readAuthorization } from './authorization.ts'
import type {
  AdminCredentials,
  AuthPolicy,
  OAuthCredentials,
  RefreshCredentials,
  SessionCredentials,
} from './policy.ts'
import { verifyServiceToken } from './service-token.ts'

/**
 * Who is calling `nsid`, as `policy` demands it.
 *
 * @throws AuthRequiredError `AuthMissing` and the errors of service tokens; InvalidRequestError
 *   `InvalidToken`, `ExpiredToken`; XRPCError 401 as `authenticateOAuth`
 */
export async function authenticate<C>(
  policy: AuthPolicy<C>,
  request: Request,
  nsid: string,
  app: App,
): Promise<C> {
  const credentials = await establish(policy, request, nsid, app)
  // The policy's type parameter and its `accept` are set together in policy.ts.
  return credentials as C
}

async function establish(policy: AuthPolicy<unknown>, request: Request, nsid: string, app: App) {
  const { accept } = policy
  if (accept.length === 0) return undefined
  const authorization = readAuthorization(request)
  if (!authorization) {
    if (policy.orNobody) return undefined
    throw new AuthRequiredError('Authentication Required', 'AuthMissing')
  }
  const { scheme, value } = authorization
  if (scheme === 'basic' && accept.includes('admin')) return adminOf(value, app)
  if (scheme === 'dpop' && accept.includes('session')) return oauthOf(request, policy, app)
  if (scheme === 'bearer') {
    const isService = bearerKind(value) === 'service'
    if (accept.includes('moderator') && isService && app.config.moderation) {
      return verifyServiceToken(value, { nsid, by: 'moderator', repeatable: false }, app)
    }
    const repeatable = policy.repeatableTokens ?? false
    const byAccount = { nsid, by: 'account', repeatable } as const
    if (accept.includes('service') && isService) return verifyServiceToken(value, byAccount, app)
    if (accept.includes('session')) return sessionOf(value, policy, app)
    if (accept.includes('refresh')) return refreshOf(value, policy, app)
    if (accept.includes('service')) return verifyServiceToken(value, byAccount, app)
  }
  // An operator who sends something else has not said who he is.
  if (accept.includes('admin')) throw new AuthRequiredError(undefined, 'AuthMissing')
  throw new InvalidRequestError(`Unsupported authorization type: ${scheme}`, 'InvalidToken')
}

async function sessionOf(
  token: string,
  policy: AuthPolicy<unknown>,
  app: App,
): Promise<SessionCredentials> {
  const { did, scope, session } = await verify(token, 'at+jwt', false, app)
  if (session === undefined || !isSessionScope(scope) || !policy.scopes?.includes(scope)) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  if (!policy.admittedByObject) {
    const evenTakendown = policy.scopes.includes('com.atproto.takendown')
    unwrap(await app.account(did).admit(session, evenTakendown))
  }
  return { type: 'session', did, scope, session }
}

async function oauthOf(
  request: Request,
  policy: AuthPolicy<unknown>,
  app: App,
): Promise<OAuthCredentials> {
  const { authenticateOAuth } = await import('./oauth-token.ts')
  const credentials = await authenticateOAuth(request, app)
  const { did, session } = credentials
  // Taking an account down ends its tokens. Should that have failed, the account still says so.
  if (!policy.admittedByObject) unwrap(await app.account(did).admit(session, false))
  return credentials
}

async function refreshOf(
  token: string,
  policy: AuthPolicy<unknown>,
  app: App,
): Promise<RefreshCredentials> {
  const { did, scope, jti } = await verify(token, 'refresh+jwt', policy.evenExpired ?? false, app)
  if (scope !== REFRESH_SCOPE || jti === undefined) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  return { type: 'refresh', did, jti }
}

function adminOf(value: string, { config }: App): AdminCredentials {
  const expected = config.adminPassword
  const given = Buffer.from(value, 'base64').toString('utf8')
  if (!expected || !equalSecrets(given, `admin:${expected}`)) throw new AuthRequiredError()
  return { type: 'admin' }
}

async function verify(
  token: string,
  typ: 'at+jwt' | 'refresh+jwt',
  evenExpired: boolean,
  { config }: App,
) {
  try {
    const issuer = { secret: config.jwtSecret, serviceDid: config.serviceDid }
    return await verifyToken(issuer, token, typ, { evenExpired })
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new InvalidRequestError(error.message, error.reason)
  }
}
