/** Operators by the role of their account. */
import { AuthRequiredError, InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { AdminCredentials } from '../../context/credentials.ts'
import type { Services } from '../../context/services.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { TokenError, verifyToken } from '../../services/accounts/session-tokens.ts'

/**
 * Whether an access token is an operator's: of a session that was opened with the main password and an authenticator
 * app or a recovery code, of an active account that has the role now. Whoever is not is told what a stranger is told.
 *
 * @throws AuthRequiredError `AuthMissing`; InvalidRequestError `ExpiredToken`
 */
export async function authenticateOperatorSession(
  token: string,
  services: Services,
): Promise<AdminCredentials> {
  const { config } = services
  const issuer = { secrets: jwtSecrets(config), serviceDid: config.serviceDid }
  const claims = await verifyToken(issuer, token, 'at+jwt').catch((error: unknown) => {
    if (!(error instanceof TokenError)) throw error
    if (error.reason !== 'ExpiredToken') throw notAnOperator()
    throw new InvalidRequestError(error.message, error.reason)
  })
  const { did, scope, session } = claims
  if (scope !== 'com.atproto.access' || session === undefined) throw notAnOperator()
  await assertOperatorSession(did, session, services)
  return { type: 'admin', actor: did, session }
}

/** Whether a session that was found to be an operator's still is. @throws AuthRequiredError `AuthMissing` */
export async function assertOperatorSession(
  did: string,
  session: string,
  { directory, account }: Pick<Services, 'directory' | 'account'>,
): Promise<void> {
  // Asked for each time: who loses the role loses it at once.
  if ((await directory.roles.of(did)) !== 'operator') throw notAnOperator()
  await account(did)
    .sessions.authorizeOperator(session)
    .catch((error: unknown) => {
      if (error instanceof XRPCError && error.statusCode < 500) throw notAnOperator()
      throw error
    })
}

const notAnOperator = () => new AuthRequiredError(undefined, 'AuthMissing')
