import { XRPCError } from '@atproto/xrpc-server'
import type {
  AdminCredentials,
  OAuthCredentials,
  SessionCredentials,
} from '../../context/credentials.ts'
import type { Services } from '../../context/services.ts'
import { assertOperatorSession } from './operator-session.ts'
import type { AuthPolicy } from './policy.ts'

/** A body that was there at once, in ms: the token was looked up just now. */
const AT_ONCE = 100

/**
 * Looks again whether a caller is signed in, once the body has been read: whoever sends it slowly must not be served
 * when they were signed out meanwhile. Where the account's object looks at the session itself, nothing is asked here.
 *
 * @param since when the credentials were looked at, in ms since the epoch
 * @throws XRPCError `ExpiredToken`, `AccountTakedown`, 401 `invalid_token`, `AuthMissing`
 */
export async function authorizeAgain(
  auth: unknown,
  policy: AuthPolicy<unknown>,
  since: number,
  services: Services,
): Promise<void> {
  if (isOperator(auth) && auth.session !== undefined) {
    return assertOperatorSession(auth.actor, auth.session, services)
  }
  if (!isSignedIn(auth)) return
  const { did, session } = auth
  if (auth.type === 'oauth' && Date.now() - since > AT_ONCE) {
    const token = await services.oauth.tokens.find('id', auth.tokenId)
    if (!token || token.expiresAt <= Date.now()) {
      throw new XRPCError(401, 'Invalid token', 'invalid_token')
    }
  }
  if (policy.checkedByAccount) return
  const evenTakendown = policy.scopes?.includes('com.atproto.takendown') ?? false
  await services.account(did).sessions.authorize(session, evenTakendown)
}

const isOperator = (auth: unknown): auth is AdminCredentials =>
  typeof auth === 'object' && auth !== null && 'type' in auth && auth.type === 'admin'

const isSignedIn = (auth: unknown): auth is SessionCredentials | OAuthCredentials =>
  typeof auth === 'object' &&
  auth !== null &&
  'type' in auth &&
  (auth.type === 'session' || auth.type === 'oauth')
