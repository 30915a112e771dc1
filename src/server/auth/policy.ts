/**
 * Who may call a method, as data. A handler names one policy; `src/server/auth/authenticate.ts` enforces it.
 * The type parameter says what the handler finds in `ctx.auth`.
 */
import type {
  AdminCredentials,
  RefreshCredentials,
  ServiceCredentials,
  UserCredentials,
} from '../../context/credentials.ts'
import type { SessionScope } from '../../services/accounts/session-tokens.ts'

/** Kinds of credentials that a policy may accept. */
export type CredentialKind = 'session' | 'refresh' | 'admin' | 'operator' | 'service' | 'moderator'

/** A policy; `C` exists at compile time only. */
export interface AuthPolicy<C> {
  readonly accept: readonly CredentialKind[]
  /** Callers without credentials are accepted. */
  readonly orAnonymous?: boolean
  /** Scopes of access tokens that are enough. */
  readonly scopes?: readonly SessionScope[]
  /** An expired token is accepted: to sign out, an old token is as good as a new one. */
  readonly evenExpired?: boolean
  /**
   * The handler hands `auth.session` to the account's object, which looks whether the session is still
   * open together with what it is asked to do. Saves a round trip.
   */
  readonly checkedByAccount?: boolean
  /** A service token may be shown again until it expires. Otherwise it is good for one use. */
  readonly repeatableTokens?: boolean
  /** Service tokens are also taken of accounts that are not here: they are about to come. */
  readonly newAccounts?: boolean
  /** What OAuth tokens must allow where the handler does not say. Default: none is enough. */
  readonly oauth?: 'any'
  /** Marks the type parameter as used; never set. */
  readonly credentials?: C
}

const MAIN: readonly SessionScope[] = ['com.atproto.access']
const ANY_PASSWORD: readonly SessionScope[] = [
  ...MAIN,
  'com.atproto.appPass',
  'com.atproto.appPassPrivileged',
]
const TAKENDOWN: readonly SessionScope[] = ['com.atproto.takendown']

/** Of an account that waits for approval: what it takes to look after it, and to leave. */
const QUEUED: readonly SessionScope[] = ['com.atproto.signupQueued']

/** Anyone; credentials are not looked at. */
export const anyone: AuthPolicy<undefined> = { accept: [] }

/** Anyone; owner and operator may see more. Credentials must be valid where there are any. */
export const viewer: AuthPolicy<UserCredentials | AdminCredentials | undefined> = {
  accept: ['session', 'admin'],
  oauth: 'any',
  orAnonymous: true,
  scopes: ANY_PASSWORD,
}

/** The same, also for accounts that were taken down: what it takes to move away. */
export const viewerEvenTakendown: typeof viewer = {
  ...viewer,
  scopes: [...ANY_PASSWORD, ...TAKENDOWN],
}

/** A signed-in account, by password or app password. */
export const session: AuthPolicy<UserCredentials> = {
  accept: ['session'],
  scopes: ANY_PASSWORD,
}

/** The same, also while the account waits for the operator's approval. */
export const sessionEvenQueued: AuthPolicy<UserCredentials> = {
  accept: ['session'],
  scopes: [...ANY_PASSWORD, ...QUEUED],
}

/** A signed-in account, for handlers that hand `auth.session` to the account's object. */
export const sessionCheckedByAccount: AuthPolicy<UserCredentials> = {
  ...session,
  checkedByAccount: true,
}

/** The same, also while the account waits for the operator's approval. */
export const sessionEvenQueuedCheckedByAccount: AuthPolicy<UserCredentials> = {
  ...sessionEvenQueued,
  checkedByAccount: true,
}

/** A signed-in account, also if it was taken down. */
export const sessionEvenTakendown: AuthPolicy<UserCredentials> = {
  accept: ['session'],
  scopes: [...ANY_PASSWORD, ...TAKENDOWN],
}

/** A signed-in account, by its main password only. */
export const fullSession: AuthPolicy<UserCredentials> = { accept: ['session'], scopes: MAIN }

/** The same, also while the account waits for the operator's approval. */
export const fullSessionEvenQueued: AuthPolicy<UserCredentials> = {
  accept: ['session'],
  scopes: [...MAIN, ...QUEUED],
}

/** A signed-in account, by its main password only, also if it was taken down. */
export const fullSessionEvenTakendown: AuthPolicy<UserCredentials> = {
  accept: ['session'],
  scopes: [...MAIN, ...TAKENDOWN],
}

/**
 * A signed-in account, or a service that acts for one, such as a video service: it was given one token, with
 * which it may have to try again. To upload the same bytes twice changes nothing.
 */
export const sessionOrService: AuthPolicy<UserCredentials | ServiceCredentials> = {
  accept: ['session', 'service'],
  scopes: ANY_PASSWORD,
  repeatableTokens: true,
}

/** Who creates an account: anybody, somebody who proves to own a DID, or the operator. */
export const accountCreator: AuthPolicy<ServiceCredentials | AdminCredentials | undefined> = {
  accept: ['service', 'admin'],
  orAnonymous: true,
  newAccounts: true,
}

/** The holder of a refresh token. */
export const refresh: AuthPolicy<RefreshCredentials> = { accept: ['refresh'] }

/** The holder of a refresh token, which may have expired. */
export const refreshOrExpired: AuthPolicy<RefreshCredentials> = {
  accept: ['refresh'],
  evenExpired: true,
}

/** Whoever has the operator's password: HTTP Basic, user `admin`, password `PDS_ADMIN_PASSWORD`. */
export const adminPassword: AuthPolicy<AdminCredentials> = { accept: ['admin'] }

/** The same, or the session of an account that has the role of an operator. */
export const admin: AuthPolicy<AdminCredentials> = { accept: ['admin', 'operator'] }

/** An operator, or the moderation service (`PDS_MOD_SERVICE_DID`) by a service token. */
export const adminOrModerator: AuthPolicy<AdminCredentials | ServiceCredentials> = {
  accept: ['admin', 'operator', 'moderator'],
}
