/**
 * What the OAuth store answers, part by part: which apps may act for whom. What it throws as a `StorageError`
 * arrives as an `XRPCError` of the same name.
 */
import type { AuthorizedClient } from '../storage/oauth/clients.ts'
import type { Device, DeviceAccount } from '../storage/oauth/devices.ts'
import type { AuthorizationRequest, RequestChange } from '../storage/oauth/requests.ts'
import type { NewToken, Rotation, Token } from '../storage/oauth/tokens.ts'
import type { Answer } from './answer.ts'

/** What a request with an access token may do. */
export interface TokenInfo extends Pick<Token, 'did' | 'clientId' | 'scope' | 'expiresAt'> {
  /** Thumbprint of the key that it is bound to. */
  jkt: string | undefined
}

export interface OAuthRpc {
  readonly devices: DevicesRpc
  readonly clients: ClientsRpc
  readonly requests: RequestsRpc
  readonly tokens: TokensRpc
  readonly replays: ReplaysRpc
  readonly accounts: OAuthAccountsRpc
}

/** Browsers. */
export interface DevicesRpc {
  create(id: string, device: Device): Answer<void>
  read(id: string): Answer<Device | undefined>
  update(id: string, change: Partial<Device>): Answer<void>
  delete(id: string): Answer<void>
  signIn(deviceId: string, did: string): Answer<void>
  signOut(deviceId: string, did: string): Answer<void>
  accounts(filter: { deviceId?: string; did?: string }): Answer<DeviceAccount[]>
}

/** What accounts have allowed apps. */
export interface ClientsRpc {
  authorize(did: string, clientId: string, scopes: readonly string[]): Answer<void>
  authorizedBy(dids: readonly string[]): Answer<{ did: string; clients: AuthorizedClient[] }[]>
}

/** Authorization requests, and the codes that they end in. */
export interface RequestsRpc {
  create(id: string, request: AuthorizationRequest): Answer<void>
  read(id: string): Answer<AuthorizationRequest | undefined>
  update(id: string, change: RequestChange): Answer<void>
  delete(id: string): Answer<void>
  /** Uses a code up. @param codeHash of the code */
  consume(codeHash: string): Answer<{ id: string; request: AuthorizationRequest } | undefined>
}

export interface TokensRpc {
  /**
   * Looks up the token of a request whose proof is shown for the first time.
   *
   * @param id the token's `jti`
   * @param proof the proof's
   * @throws StorageError `InvalidToken`, `ProofReplayed`
   */
  authorize(id: string, proof: string): Answer<TokenInfo>
  create(id: string, token: NewToken, refreshHash: string | null): Answer<void>
  find(by: 'id' | 'code' | 'refresh', value: string): Answer<Token | undefined>
  ofAccount(did: string): Answer<Token[]>
  /** @throws StorageError when the token is gone */
  rotate(id: string, next: Rotation): Answer<void>
  delete(id: string): Answer<void>
}

export interface ReplaysRpc {
  /** Whether something is seen for the first time within `window` ms. */
  isFirst(key: string, window: number): Answer<boolean>
}

export interface OAuthAccountsRpc {
  /**
   * Ends what apps may do for an account, and what they are in the middle of. Their owner is asked again.
   *
   * @param options.devices whether it is signed out of browsers, too
   */
  remove(did: string, options: { devices: boolean }): Answer<void>
}
