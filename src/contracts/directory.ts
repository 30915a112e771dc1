/**
 * What the directory answers, part by part: who has an account on this host. What it throws as a `StorageError`
 * arrives as an `XRPCError` of the same name.
 */

import type { Mail } from '../kernel/mail.ts'
import type {
  AccountCounts,
  AccountFacts,
  AccountFilter,
  AdministeredAccount,
  SearchPage,
  SearchPlace,
} from '../storage/directory/account-list.ts'
import type { HostedAccount, NameClaim, NameKind } from '../storage/directory/accounts.ts'
import type {
  AuditEntry,
  AuditFilter,
  AuditIntent,
  AuditOutcome,
} from '../storage/directory/audit.ts'
import type { TokenPurpose } from '../storage/directory/email-tokens.ts'
import type {
  InviteCode,
  InviteCursor,
  InviteOrigin,
  InvitePage,
  InviteSort,
  NewInviteCode,
} from '../storage/directory/invite-code.ts'
import type { InviteSchedule } from '../storage/directory/invite-schedule.ts'
import type { StoredLexicon } from '../storage/directory/lexicons.ts'
import type { Addressee } from '../storage/directory/mail-preferences.ts'
import type { MailState } from '../storage/directory/mail-queue.ts'
import type { ReservedKey } from '../storage/directory/reserved-keys.ts'
import type { Role } from '../storage/directory/roles.ts'
import type { RateLimitsRpc } from './account.ts'
import type { AccountChangesRpc } from './account-changes.ts'
import type { Answer } from './answer.ts'
import type { BackupRpc, DirectoryRestoreRpc } from './backup.ts'
import type { CopyRpc } from './directory-division.ts'
import type { ModerationLogRpc, ReportsRpc } from './moderation.ts'
import type { ResidentsRpc } from './residents.ts'
import type { SecretsRpc } from './secrets.ts'
import type { HandleRulesRpc, SignUpNote, SignUpsRpc } from './sign-ups.ts'
import type { WebhooksRpc } from './webhooks.ts'

/** What each object answers that shares in what is asked about accounts, and the directory itself where none do. */
export interface DirectoryShardRpc {
  readonly residents: ResidentsRpc
  /** Counts what client addresses do often. */
  readonly rateLimits: RateLimitsRpc
}

/** The same with how it is doing: those objects answer it, and the directory does not. */
export interface DirectoryDivisionRpc extends DirectoryShardRpc {
  readonly copy: CopyRpc
}

export interface DirectoryRpc extends DirectoryShardRpc {
  readonly accounts: DirectoryAccountsRpc
  /** For those who hold copies of accounts. */
  readonly changes: AccountChangesRpc
  readonly invites: InvitesRpc
  readonly tokens: MailedTokensRpc
  readonly serviceTokens: UsedTokensRpc
  readonly keys: ReservedKeysRpc
  readonly lexicons: StoredLexiconsRpc
  readonly lockouts: LockoutsRpc
  readonly mails: MailsRpc
  readonly signUps: SignUpsRpc
  readonly handleRules: HandleRulesRpc
  readonly webhooks: WebhooksRpc
  readonly moderation: ModerationLogRpc
  readonly reports: ReportsRpc
  readonly location: LocationRpc
  readonly secrets: SecretsRpc
  readonly roles: RolesRpc
  readonly audit: AuditRpc
  readonly backup: BackupRpc
  readonly restore: DirectoryRestoreRpc
}

export interface DirectoryAccountsRpc {
  /**
   * Reserves the names of an account that is about to be created, and one use of the invite code it comes with.
   * A reservation that is given up or expires gives the use back.
   *
   * @throws StorageError `HandleNotAvailable`, `InvalidRequest`, `InvalidInviteCode`; `SignUpQueueFull`,
   *   `RateLimitExceeded` (429)
   */
  reserve(
    account: HostedAccount,
    inviteCode?: string,
    claim?: NameClaim,
    signUp?: SignUpNote,
  ): Answer<void>
  /**
   * The account is created; false when its reservation has expired.
   *
   * @param waits it waits for approval, with the first operation of its did:plc, as JSON, if it is to have one
   */
  confirm(
    account: Pick<HostedAccount, 'did' | 'handle'>,
    waits?: { genesis: string | null },
  ): Answer<boolean>
  /** Gives up a reservation. */
  release(did: string): Answer<void>
  /**
   * @param claim `undoing`: the handle of a change that did not come about, which is free at once
   * @throws StorageError `HandleNotAvailable`
   */
  setHandle(did: string, handle: string, claim?: NameClaim & { undoing?: string }): Answer<void>
  /**
   * Changes the address. Tokens that were mailed to the old one become invalid.
   *
   * @param tokenHash of the token for this change, which is used up unless the change is refused
   * @throws StorageError `InvalidRequest` when the address is taken; `InvalidToken`, `ExpiredToken`
   */
  setEmail(did: string, email: string, tokenHash?: string): Answer<void>
  isHandleFree(handle: string): Answer<boolean>
  remove(did: string): Answer<void>
  /** Finds an account by DID, handle or e-mail address. */
  find(by: NameKind, value: string): Answer<HostedAccount | undefined>
  /** An account that has one of these names, if there is one. */
  findAny(handles: readonly string[], dids: readonly string[]): Answer<HostedAccount | undefined>
  /** An account with what its operator wants to know. */
  administered(did: string): Answer<AdministeredAccount | undefined>
  /** One page of the accounts whose DID, handle or address begins with `prefix`, and that `filter` lets through. */
  search(
    prefix: string,
    limit: number,
    after?: SearchPlace,
    filter?: AccountFilter,
  ): Answer<SearchPage>
  /** How many there are. Reads a row for each. */
  counts(): Answer<AccountCounts>
  /** What an account's object tells of itself. */
  setFacts(did: string, facts: AccountFacts): Answer<void>
  /** Accounts in order of their DIDs, at most `limit`, after `cursor`. */
  list(limit: number, cursor?: string): Answer<HostedAccount[]>
}

export interface InvitesRpc {
  add(codes: readonly NewInviteCode[]): Answer<void>
  ofAccount(did: string): Answer<InviteCode[]>
  /** The code that an account was created with. */
  usedBy(did: string): Answer<InviteCode | undefined>
  /** Whose a code is, and who made it. */
  originOf(code: string): Answer<InviteOrigin | undefined>
  /** Gives an account the codes that it has earned, as many of `fresh`. */
  addEarned(did: string, schedule: InviteSchedule, fresh: readonly string[]): Answer<void>
  list(sort: InviteSort, limit: number, after?: InviteCursor): Answer<InvitePage>
  /** @param accounts all codes of these accounts too */
  disable(codes: readonly string[], accounts: readonly string[]): Answer<void>
  /** Whether an account earns no more codes; what it has stays. @throws StorageError `AccountNotFound` */
  setEarningDisabled(did: string, disabled: boolean): Answer<void>
}

export interface MailedTokensRpc {
  /**
   * Stores the hash of a token, and queues the mail that carries it, in one transaction.
   *
   * @param spacing ms; where the last token of this purpose is younger, nothing is done
   * @returns false: the mail is to another address than the account has now, and nothing was done
   * @throws StorageError `AccountNotFound`; `RateLimitExceeded` when a budget for mails is used up, but not for a new
   *   password, which anybody may ask for: that mail is dropped
   */
  put(
    purpose: TokenPurpose,
    did: string,
    hash: string,
    mail: Mail,
    spacing?: number,
  ): Answer<boolean>
  /** Stores the hash of a token that the operator gives to somebody, good for `lifetime` ms. @throws StorageError `AccountNotFound` */
  handOut(purpose: TokenPurpose, did: string, hash: string, lifetime: number): Answer<void>
  /** Looks a token up without using it. @returns, @throws as `consume` */
  find(purpose: TokenPurpose, hash: string, did?: string): Answer<string>
  /** Uses a token up. @returns the DID it was mailed to @throws StorageError `InvalidToken`, `ExpiredToken` */
  consume(purpose: TokenPurpose, hash: string, did?: string): Answer<string>
}

export interface UsedTokensRpc {
  /**
   * Uses a service token up; false when it was used before.
   *
   * @param hash SHA-256 of what was signed, in hex
   * @param expiresAt seconds since 1970
   */
  use(hash: string, expiresAt: number): Answer<boolean>
  /** What it was used for was refused: it is good for another try. */
  giveBack(hash: string): Answer<void>
}

/** Attempts at a secret of the operator's. */
export interface LockoutsRpc {
  /**
   * Counts an attempt.
   *
   * @param succeeds whether the secret was right
   * @returns when the client may try again, in ms since 1970; undefined: this attempt counts
   */
  attempt(key: string, succeeds: boolean): Answer<number | undefined>
}

/** Signing keys for accounts to come. */
export interface ReservedKeysRpc {
  /** Stores a key; for a DID that has one, that one counts and is returned. */
  add(key: ReservedKey, did: string | null): Answer<ReservedKey>
  find(by: 'did' | 'signingKey', value: string): Answer<ReservedKey | undefined>
  remove(signingKey: string): Answer<void>
}

/** Lexicons of the network. */
export interface StoredLexiconsRpc {
  find(nsid: string): Answer<StoredLexicon | undefined>
  put(lexicon: StoredLexicon): Answer<void>
}

/** Mails that are sent, and again until they are taken over. */
export interface MailsRpc {
  /**
   * Queues a mail.
   *
   * @param kind what it is about, for the operator
   * @param lifetime after so many ms it is worth nothing any more
   * @returns false: a budget is used up, and the mail was dropped
   */
  add(mail: Mail, kind: string, lifetime: number, options?: MailOptions): Answer<boolean>
  /**
   * Counts somebody's wish for a mail to an address, whether or not there is an account with it.
   *
   * @throws StorageError `RateLimitExceeded`
   */
  spendWish(address: string): Answer<void>
  /** Whom mails about an account are sent to, and how. */
  addressee(did: string): Answer<Addressee | undefined>
  /** The owner reads this language. */
  setLanguage(did: string, language: string): Answer<void>
  /** Whether sign-ins are told by mail. */
  setSignInMails(did: string, on: boolean): Answer<void>
  /** How many wait, how many were given up and dropped in the last 30 days, and the last reason. */
  counts(): Answer<{
    waiting: number
    failed: number
    dropped: number
    lastError: string | undefined
  }>
  /** Those that wait or were given up, in order of their ids, at most 100. @param cursor id of the last one before */
  list(limit: number, cursor?: string): Answer<MailState[]>
  /** Tries one again that was given up. @throws StorageError `InvalidRequest` when its time is over */
  retry(id: string): Answer<void>
  /**
   * Mails a message to all accounts that have an address, in the background, once to each.
   *
   * @param id of the message: a second call with the same id, while the first is at work, does nothing
   */
  sendToAll(id: string, mail: Omit<Mail, 'to'>): Answer<void>
  /** Messages to all that are at work: how many mails were queued, and since when, in ms since 1970. */
  mailings(): Answer<{ id: string; queued: number; createdAt: number }[]>
  /** On a host in development those that it would have sent: the newest, newest last. */
  outbox(): Answer<Mail[]>
}

export interface MailOptions {
  /** The account whose budget, with that of its address and of the host, the mail counts against; undefined: none. */
  did?: string
}

export interface LocationRpc {
  /** Records where the data of this host are, unless it is recorded. @returns what was recorded first */
  record(location: string): Answer<string>
}

/** Accounts that may do more than others. */
export interface RolesRpc {
  /** The role that an account was given. It counts only while the account is active. */
  of(did: string): Answer<Role | null>
  /** @throws StorageError `AccountNotFound` */
  set(did: string, role: Role | null): Answer<void>
}

/** What operators have done. */
export interface AuditRpc {
  /** To be called before something is done. @returns id of the entry */
  begin(intent: AuditIntent): Answer<number>
  /** To be called when it is done, or was refused. */
  finish(id: number, outcome: AuditOutcome): Answer<void>
  /** At most `limit` entries, the newest first. @param before id of the last one of the page before */
  list(filter: AuditFilter, limit: number, before?: number): Answer<AuditEntry[]>
  /** When something was last done for the whole host, in ms since 1970; undefined: not among the newest 2,000 entries. */
  lastOf(action: string): Answer<number | undefined>
}
