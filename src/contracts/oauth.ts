/**
 * What the OAuth store answers, part by part: which apps may act for whom. What it throws as a `StorageError`
 * arrives as an `XRPCError` of the same name.
 */
import type { AuthorizedClient } from '../storage/oauth/clients.ts'
import type { Device, DeviceAccount } from '../storage/oauth/devices.ts'
import type { AuthorizationRequest, RequestChange } from '../storage/oauth/requests.ts'
import type { NewToken, Rotation, Token } from '../storage/oauth/tokens.ts'
import type { Answer } from './answer.ts'
import type { BackupRpc, ObjectRestoreRpc } from './backup.ts'

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
  readonly backup: BackupRpc
  readonly restore: ObjectRestoreRpc
}

/** Browsers. */
export interface DevicesRpc {
  /** @param network mark of the network that it comes from */
  create(id: string, device: Device, network: string): Answer<void>
  read(id: string): Answer<Device | undefined>
  update(id: string, change: Partial<Device>): Answer<void>
  delete(id: string): Answer<void>
  /**
   * @param epoch in which the credentials were looked at
   * @returns whether the account was not signed in there before
   * @throws StorageError `InvalidGrant` when the epoch is over, or the device was forgotten
   */
  signIn(deviceId: string, did: string, epoch: number): Answer<boolean>
  signOut(deviceId: string, did: string): Answer<void>
  /** Each with the epoch of its account. */
  accounts(filter: {
    deviceId?: string
    did?: string
  }): Answer<(DeviceAccount & { epoch: number })[]>
}

/** What accounts have allowed apps. */
export interface ClientsRpc {
  /** @throws StorageError `InvalidGrant` when `epoch` is over */
  authorize(did: string, clientId: string, scopes: readonly string[], epoch: number): Answer<void>
  /** Whether some account has allowed it something. */
  isKnown(clientId: string): Answer<boolean>
  authorizedBy(dids: readonly string[]): Answer<{ did: string; clients: AuthorizedClient[] }[]>
}

/** Authorization requests, and the codes that they end in. */
export interface RequestsRpc {
  /** @param network mark of the network that it comes from */
  create(id: string, request: AuthorizationRequest, network: string): Answer<void>
  read(id: string): Answer<AuthorizationRequest | undefined>
  /**
   * @param epoch of the account, where the change is its consent
   * @throws StorageError `InvalidGrant` when `epoch` is over
   */
  update(id: string, change: RequestChange, epoch?: number): Answer<void>
  delete(id: string): Answer<void>
  /** Uses a code up. @param codeHash of the code. @returns with the epoch of the account */
  consume(
    codeHash: string,
  ): Answer<{ id: string; request: AuthorizationRequest; epoch: number } | undefined>
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
  /**
   * @param epoch in which the code was used up
   * @throws StorageError `InvalidGrant` when it is over
   */
  create(id: string, token: NewToken, refreshHash: string | null, epoch: number): Answer<void>
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
  /** The epoch of an account: it lasts until the account is signed out. */
  epoch(did: string): Answer<number>
  /**
   * Ends what apps may do for an account, and what they, or somebody who is signing in, are in the middle of: a new
   * epoch begins. Their owner is asked again.
   *
   * @param options.devices whether it is signed out of browsers, too
   * @param options.gone whether the account was deleted
   */
  remove(did: string, options: { devices: boolean; gone?: boolean }): Answer<void>
  /** Ends what one app may do for an account: its consent and sessions. A new epoch begins. */
  removeClient(did: string, clientId: string): Answer<void>
}
