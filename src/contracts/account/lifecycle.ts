/** From the creation of an account to its deletion, and who it is. */
import type { Preference } from '../../storage/account/preferences.ts'
import type { Account, InitialStatus } from '../../storage/account/profile.ts'
import type { Session } from '../../storage/account/sessions.ts'
import type { Usage } from '../../storage/account/usage.ts'
import type { ModerationNote } from '../../storage/moderation.ts'
import type { Answer } from '../answer.ts'

/** What it takes to create an account. */
export interface AccountInput {
  did: string
  handle: string
  email: string | null
  password: string | null
  /** The private key to sign with, as `SigningKey.toBytes` gives it; a fresh one unless given. */
  signingKey?: Uint8Array
  /** `active` unless given. */
  becomes?: InitialStatus
  /** Whether it is deactivated, and unheard of, until the operator approves it. */
  awaitsApproval?: boolean
}

/** A session that was opened or refreshed, and whose it is. */
export interface OpenedSession {
  account: Account
  session: Session
}

/** From creation to deletion. */
export interface LifecycleRpc {
  /** Creates an account and opens it at once. */
  create(input: AccountInput): Answer<void>
  /**
   * Creates an account that nobody sees before `open`. The caller has reserved its names: a pending one
   * that is here already was left behind by an attempt that broke off. Unless it is opened soon, a background
   * job opens or removes it, depending on whether the directory knows it.
   */
  prepare(input: AccountInput): Answer<void>
  /**
   * Gives a prepared account the hash of its password, as `PasswordHasher.hash` makes it.
   *
   * @throws StorageError `AccountNotFound` when it is not prepared, or not any more
   */
  setFirstPassword(hash: string): Answer<void>
  /** Opens a prepared account, and a session for its owner. */
  open(): Answer<OpenedSession>
  /** Removes a prepared account that is not to be opened. */
  discard(): Answer<void>
  /** @param note where it is not the owner who does it */
  activate(note?: ModerationNote): Answer<void>
  /** Ends the wait for the operator's approval; does nothing where it has ended. */
  approve(): Answer<void>
  /** Deletes an account that waits for approval. @returns false: it does not, and stays */
  refuse(): Answer<boolean>
  /**
   * @param deleteAfter ISO 8601; until when the owner wants it to be kept
   * @param note where it is not the owner who does it
   */
  deactivate(deleteAfter: string | null, note?: ModerationNote): Answer<void>
  /** Takes the account down and signs it out, browsers and apps included; null restores it. */
  setTakedown(takedown: string | null, note?: ModerationNote): Answer<void>
  /** Tells the network once more whether the account is active. */
  announceStatus(): Answer<void>
  /**
   * Deletes everything; the network is told. What cannot be read is no reason to keep it.
   *
   * @param known the DID, where the directory has the account: if nothing of it is left here, or its store cannot be opened, all
   * there is goes, and the network is told
   */
  destroy(known?: string): Answer<void>
}

/** What `checkAccountStatus` says about what is stored here. */
export interface Inventory {
  active: boolean
  head: string
  rev: string
  blocks: number
  records: number
  preferences: number
  expectedBlobs: number
  importedBlobs: number
}

export interface ProfileRpc {
  /** @throws StorageError `RepoNotFound` */
  get(): Answer<Account>
  /**
   * Whether what the owner does may leave this host.
   *
   * @throws StorageError `AccountPending`, `EmailNotConfirmed` (403)
   */
  assertMayPublish(): Answer<void>
  setHandle(handle: string): Answer<void>
  /** Notes that the handle is being changed, so that a change that breaks off is settled in the background. */
  beginHandleChange(): Answer<void>
  /** Tells the network to resolve the identity again. */
  announceIdentity(): Answer<void>
  /** Tells the network the current commit, so that whoever missed one fetches the repository (#sync). */
  announceHead(): Answer<void>
  inventory(): Answer<Inventory>
  /** What is stored for this account. */
  usage(): Answer<Usage>
  /** Tells the directory what its lists show, in the background. @throws StorageError `RepoNotFound` */
  tellFacts(): Answer<void>
}

export interface EmailRpc {
  /** Sets the address, which is unconfirmed then. */
  set(email: string): Answer<void>
  /**
   * @param email the address that was confirmed
   * @returns false when another one has taken its place meanwhile
   */
  confirm(email: string): Answer<boolean>
}

export interface PreferencesRpc {
  /** All preferences, or without what only the main password may see. */
  get(all: boolean): Answer<Preference[]>
  /** Sets all preferences, or all but those that only the main password may change. */
  set(preferences: readonly Preference[], all: boolean): Answer<void>
}
