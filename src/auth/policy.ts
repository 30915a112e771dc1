/**
 * Who may call a method, as data. A handler names one policy; `src/auth/authenticate.ts` enforces it.
 * The type parameter says what the handler finds in `ctx.auth`.
 */

/** Session scopes as the reference PDS names them in its tokens. */
export type SessionScope =
  | 'com.atproto.access'
  | 'com.atproto.appPass'
  | 'com.atproto.appPassPrivileged'

/** A signed-in account. */
export interface SessionCredentials {
  type: 'session'
  did: string
  scope: SessionScope
}

/** A caller who presented a refresh token. */
export interface RefreshCredentials {
  type: 'refresh'
  did: string
  /** The token's id, which names one stored session. */
  jti: string
}

export interface AdminCredentials {
  type: 'admin'
}

/** A policy; `C` exists at compile time only. */
export interface AuthPolicy<C> {
  readonly accept: 'anyone' | 'session' | 'refresh' | 'admin'
  /** Sessions opened with an app password are refused. */
  readonly mainPasswordOnly?: boolean
  /** An expired token is accepted: to sign out, an old token is as good as a new one. */
  readonly evenExpired?: boolean
  /** Marks the type parameter as used; never set. */
  readonly credentials?: C
}

/** Anyone; credentials are not looked at. */
export const anyone: AuthPolicy<undefined> = { accept: 'anyone' }

/** A signed-in account, by password or app password. */
export const session: AuthPolicy<SessionCredentials> = { accept: 'session' }

/** A signed-in account, by its main password only. */
export const fullSession: AuthPolicy<SessionCredentials> = {
  accept: 'session',
  mainPasswordOnly: true,
}

/** The holder of a refresh token. */
export const refresh: AuthPolicy<RefreshCredentials> = { accept: 'refresh' }

/** The holder of a refresh token, which may have expired. */
export const refreshOrExpired: AuthPolicy<RefreshCredentials> = {
  accept: 'refresh',
  evenExpired: true,
}

/** The host's operator: HTTP Basic, user `admin`, password `PDS_ADMIN_PASSWORD`. */
export const admin: AuthPolicy<AdminCredentials> = { accept: 'admin' }
