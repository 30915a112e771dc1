/** Who is calling, as the authentication of the request established it. */
import type { SessionScope } from '../services/accounts/session-tokens.ts'
import type { Permissions } from './permissions.ts'

/** A signed-in account. */
export interface SessionCredentials {
  type: 'session'
  did: string
  scope: SessionScope
  /** Names the session from sign-in to sign-out. */
  session: string
}

/** An app that acts for an account, by an OAuth token. What it may do, its token says. */
export interface OAuthCredentials {
  type: 'oauth'
  did: string
  clientId: string
  /** Names the token at the OAuth object. */
  tokenId: string
  scope: 'oauth'
  /** The token was looked up already: the account's object has only the account's status to look at. */
  session: null
  permissions: Permissions
}

/** Somebody whose account is here, at first hand or by way of an app. */
export type UserCredentials = SessionCredentials | OAuthCredentials

/** A caller who presented a refresh token. */
export interface RefreshCredentials {
  type: 'refresh'
  did: string
  /** The token's id, which names one stored refresh token. */
  jti: string
}

/** The host's operator, by password, or an account that has the role. */
export interface AdminCredentials {
  type: 'admin'
  /** `admin`, or the DID of the account. */
  actor: string
  /** Names the session of the account. */
  session?: string
}

/** An account of any host, or the moderation service, by a service token for this very method. */
export interface ServiceCredentials {
  type: 'service'
  did: string
  /** Makes the token good for another use, where it is good for one: what it was to be used for was refused. */
  giveBack?(): Promise<void>
}
