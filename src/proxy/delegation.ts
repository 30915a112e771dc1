/** Which methods a caller may have called in its name on other services: by a token, or by forwarding. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../context/credentials.ts'

/**
 * Methods about the account itself, in lower case. Nobody is to be given a token for them, and they are never
 * forwarded: the other side could turn them against the account's own host.
 */
const PROTECTED: ReadonlySet<string> = new Set(
  [
    'com.atproto.admin.sendEmail',
    'com.atproto.identity.requestPlcOperationSignature',
    'com.atproto.identity.signPlcOperation',
    'com.atproto.identity.updateHandle',
    'com.atproto.server.activateAccount',
    'com.atproto.server.confirmEmail',
    'com.atproto.server.createAppPassword',
    'com.atproto.server.deactivateAccount',
    'com.atproto.server.getAccountInviteCodes',
    'com.atproto.server.getSession',
    'com.atproto.server.listAppPasswords',
    'com.atproto.server.requestAccountDelete',
    'com.atproto.server.requestEmailConfirmation',
    'com.atproto.server.requestEmailUpdate',
    'com.atproto.server.revokeAppPassword',
    'com.atproto.server.updateEmail',
  ].map((nsid) => nsid.toLowerCase()),
)

const CREATE_ACCOUNT = 'com.atproto.server.createaccount'

/** Whether a method must not leave this host. */
export const isProtected = (nsid: string): boolean => PROTECTED.has(nsid.toLowerCase())

/** Whether a plain app password is not enough for a method: private messages, and moving away. */
export function isPrivileged(nsid: string): boolean {
  const name = nsid.toLowerCase()
  return name.startsWith('chat.bsky.') || name === CREATE_ACCOUNT
}

/**
 * Lets a caller have method `lxm` called in its name; null: any method.
 *
 * @throws InvalidRequestError, `InvalidToken` for an account that was taken down
 */
export function assertMayRequest(scope: UserCredentials['scope'], lxm: string | null): void {
  if (scope === 'com.atproto.takendown' && lxm?.toLowerCase() !== CREATE_ACCOUNT) {
    throw new InvalidRequestError('Bad token scope', 'InvalidToken')
  }
  if (lxm === null) return
  if (scope === 'com.atproto.appPass' && isPrivileged(lxm)) {
    throw new InvalidRequestError(
      `insufficient access to request a service auth token for the following method: ${lxm}`,
    )
  }
  if (isProtected(lxm)) {
    throw new InvalidRequestError(
      `cannot request a service auth token for the following protected method: ${lxm}`,
    )
  }
}
