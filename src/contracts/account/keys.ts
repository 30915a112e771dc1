/** The signing key of one account, and what is signed with it for other services. */
import type { Answer } from '../answer.ts'

export interface KeysRpc {
  /** did:key of the signing key, whatever the account's status. */
  publicKey(): Answer<string>
  /**
   * Whether the stored key can be read with this host's PDS_KEY_SECRET.
   *
   * @throws StorageError `RepoNotFound` where there is none
   */
  isReadable(): Answer<boolean>
  /**
   * Encrypts anew, under the secret that takes the place of another, whatever of the account is under that one.
   *
   * @returns whether there was something to do
   */
  rewrap(): Answer<boolean>
  /**
   * Replaces the signing key. For a did:plc, the identity is changed in between; until all of it is done,
   * nothing else is signed. A rotation that broke off is completed or given up before the next signature,
   * depending on what the PLC directory says.
   *
   * @param bytes the private key, as `SigningKey.toBytes` gives it
   */
  rotate(bytes: Uint8Array): Answer<void>
}

/** Claims of a service token, and for whom it is signed. */
export interface ServiceTokenInput {
  aud: string
  lxm: string | null
  /** Seconds since the epoch. */
  exp?: number
  /** Family of the session that asks for it; null: an OAuth token; undefined: the server itself does. */
  session?: string | null
  /** Whether an account that was taken down gets one. Default: it does. */
  evenTakendown?: boolean
  /** Whether something may be changed elsewhere with it, which an account that may not publish is refused. */
  publishes?: boolean
}

/** The same for a request that is forwarded. */
export interface ForwardingTokenInput extends ServiceTokenInput {
  /** Whether one that was made for the same session, service and method will do: the service takes it again. */
  reuse?: boolean
}

/** What a forwarded request carries. */
export interface ForwardingToken {
  token: string
  /** Whether it was given out before. */
  isReused: boolean
  /**
   * Where the repository is: from it and from the rev in the answer follows whether the service lags behind,
   * without asking here again.
   */
  rev: string
  /** The earliest rev that a commit of this host can have: a service that is at an earlier one knows the account from elsewhere. */
  firstRev: string
}

/** Tokens in the account's name for other services (XRPC specification, Inter-Service Authentication). */
export interface ServiceTokensRpc {
  sign(input: ServiceTokenInput): Answer<string>
  /** The session is looked at each time, also for a token that was made before. */
  forForwarding(input: ForwardingTokenInput): Answer<ForwardingToken>
}
