/** Enforces the `auth` policy of a handler on a request. */
import { AuthRequiredError, InvalidRequestError } from '@atproto/xrpc-server'
import type {
  OAuthCredentials,
  RefreshCredentials,
  SessionCredentials,
} from '../../context/credentials.ts'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import {
  isSessionScope,
  REFRESH_SCOPE,
  TokenError,
  verifyToken,
} from '../../services/accounts/session-tokens.ts'
import { bearerKind, readAuthorization } from './authorization.ts'
import { authenticateOperator } from './operator.ts'
import { authenticateOperatorSession } from './operator-session.ts'
import type { AuthPolicy } from './policy.ts'
import { verifyServiceToken } from './service-token.ts'

/**
 * Who is calling `nsid`, as `policy` demands it.
 *
 * @throws AuthRequiredError `AuthMissing` and the errors of service tokens; InvalidRequestError
 *   `InvalidToken`, `ExpiredToken`; XRPCError 401 as `authenticateOAuth`
 */
export async function authenticate<C>(
  policy: AuthPolicy<C>,
  context: RequestContext,
  nsid: string,
  services: Services,
): Promise<C> {
  const credentials = await establish(policy, context, nsid, services)
  // The policy's type parameter and its `accept` are set together in policy.ts.
  return credentials as C
}

async function establish(
  policy: AuthPolicy<unknown>,
  context: RequestContext,
  nsid: string,
  services: Services,
) {
  const { accept } = policy
  if (accept.length === 0) return undefined
  const authorization = readAuthorization(context.request)
  if (!authorization) {
    if (policy.orAnonymous) return undefined
    throw new AuthRequiredError('Authentication Required', 'AuthMissing')
  }
  const { scheme, value } = authorization
  if (scheme === 'basic' && accept.includes('admin'))
    return authenticateOperator(value, context, services)
  if (scheme === 'dpop' && accept.includes('session')) return oauthOf(context, policy, services)
  if (scheme === 'bearer') {
    const isService = bearerKind(value) === 'service'
    if (accept.includes('moderator') && isService && services.config.moderation) {
      return verifyServiceToken(
        value,
        { nsid, by: 'moderator', repeatable: false, mustBeHere: false },
        services,
      )
    }
    const repeatable = policy.repeatableTokens ?? false
    const mustBeHere = !policy.newAccounts
    const byAccount = { nsid, by: 'account', repeatable, mustBeHere } as const
    if (accept.includes('service') && isService)
      return verifyServiceToken(value, byAccount, services)
    if (accept.includes('operator') && !isService) {
      return authenticateOperatorSession(value, services)
    }
    if (accept.includes('session')) return sessionOf(value, policy, services)
    if (accept.includes('refresh')) return refreshOf(value, policy, services)
    if (accept.includes('service')) return verifyServiceToken(value, byAccount, services)
  }
  // An operator who sends something else is not authenticated.
  if (accept.includes('admin')) throw new AuthRequiredError(undefined, 'AuthMissing')
  throw new InvalidRequestError(`Unsupported authorization type: ${scheme}`, 'InvalidToken')
}

async function sessionOf(
  token: string,
  policy: AuthPolicy<unknown>,
  services: Services,
): Promise<SessionCredentials> {
  const { did, scope, session } = await verify(token, 'at+jwt', false, services)
  if (session === undefined || !isSessionScope(scope) || !policy.scopes?.includes(scope)) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  if (!policy.checkedByAccount) {
    const evenTakendown = policy.scopes.includes('com.atproto.takendown')
    await services.account(did).sessions.authorize(session, evenTakendown)
  }
  return { type: 'session', did, scope, session }
}

async function oauthOf(
  context: RequestContext,
  policy: AuthPolicy<unknown>,
  services: Services,
): Promise<OAuthCredentials> {
  const { authenticateOAuth } = await import('./oauth-token.ts')
  const credentials = await authenticateOAuth(context, services)
  const { did, session } = credentials
  // Taking an account down ends its tokens. Should that have failed, the account still says so.
  if (!policy.checkedByAccount) await services.account(did).sessions.authorize(session, false)
  return credentials
}

async function refreshOf(
  token: string,
  policy: AuthPolicy<unknown>,
  services: Services,
): Promise<RefreshCredentials> {
  const { did, scope, jti } = await verify(
    token,
    'refresh+jwt',
    policy.evenExpired ?? false,
    services,
  )
  if (scope !== REFRESH_SCOPE || jti === undefined) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  return { type: 'refresh', did, jti }
}

async function verify(
  token: string,
  typ: 'at+jwt' | 'refresh+jwt',
  evenExpired: boolean,
  { config }: Services,
) {
  try {
    const issuer = { secrets: jwtSecrets(config), serviceDid: config.serviceDid }
    return await verifyToken(issuer, token, typ, { evenExpired })
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new InvalidRequestError(error.message, error.reason)
  }
}
