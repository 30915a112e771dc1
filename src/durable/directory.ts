import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'
import { type Outcome, settle } from '../services/objects/result.ts'
import { Accounts, type Resident } from '../storage/directory/accounts.ts'
import { DevMails, type Mail } from '../storage/directory/dev-mails.ts'
import { EmailTokens, type TokenPurpose } from '../storage/directory/email-tokens.ts'
import type { InviteSchedule } from '../storage/directory/invite-allowance.ts'
import type {
  InviteCode,
  InviteCursor,
  InvitePage,
  InviteSort,
  NewInviteCode,
} from '../storage/directory/invite-code.ts'
import { Invites } from '../storage/directory/invites.ts'
import { type StoredLexicon, StoredLexicons } from '../storage/directory/lexicons.ts'
import { recordLocation } from '../storage/directory/location.ts'
import { type ReservedKey, ReservedKeys } from '../storage/directory/reserved-keys.ts'
import { migrations } from '../storage/directory/schema.ts'
import { UsedTokens } from '../storage/directory/used-tokens.ts'
import { StorageError } from '../storage/error.ts'
import { migrate } from '../storage/migrate.ts'
import { type Budget, RateCounter, type Spending } from '../storage/rate-counter.ts'

/** The one object that knows who lives on this host. A thin shell over `src/storage/directory`. */
export class DirectoryObject extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage
  readonly #accounts: Accounts
  readonly #keys: ReservedKeys
  readonly #rates: RateCounter
  readonly #tokens: EmailTokens
  readonly #invites: Invites
  readonly #devMails: DevMails
  readonly #lexicons: StoredLexicons
  readonly #usedTokens: UsedTokens

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#storage = ctx.storage
    migrate(ctx.storage, migrations)
    this.#accounts = new Accounts(ctx.storage.sql)
    this.#keys = new ReservedKeys(ctx.storage.sql)
    this.#rates = new RateCounter(ctx.storage.sql)
    this.#tokens = new EmailTokens(ctx.storage.sql)
    this.#invites = new Invites(ctx.storage.sql)
    this.#devMails = new DevMails(ctx.storage.sql)
    this.#lexicons = new StoredLexicons(ctx.storage.sql)
    this.#usedTokens = new UsedTokens(ctx.storage.sql)
  }

  /**
   * Holds the names of an account that is about to be made, and one use of the invite code it comes with.
   * A reservation that is given up or lapses gives the use back.
   */
  reserve(resident: Resident, inviteCode?: string): Promise<Outcome<void>> {
    return this.#change(() => {
      const code = inviteCode === undefined ? null : this.#invites.assertUsable(inviteCode)
      this.#accounts.reserve(resident, code)
    })
  }

  /** The account is made; false when its reservation has lapsed. */
  confirm(resident: Pick<Resident, 'did' | 'handle'>): boolean {
    const confirmed = this.#accounts.confirm(resident)
    if (confirmed) this.#invites.noteUse(resident.did)
    return confirmed
  }

  release(did: string): void {
    this.#accounts.release(did)
  }

  setHandle(did: string, handle: string): Promise<Outcome<void>> {
    return settle(() => this.#accounts.setHandle(did, handle))
  }

  /**
   * Changes the address. Tokens that were mailed to the old one become worthless.
   *
   * @param tokenHash of the token for this change, which is used up unless the change is refused
   */
  setEmail(did: string, email: string, tokenHash?: string): Promise<Outcome<void>> {
    return this.#change(() => {
      if (tokenHash !== undefined) this.#tokens.consume('update_email', tokenHash, did)
      this.#accounts.setEmail(did, email)
      this.#tokens.forget(did)
    })
  }

  isHandleFree(handle: string): boolean {
    return this.#accounts.isHandleFree(handle)
  }

  remove(did: string): void {
    this.#accounts.remove(did)
    this.#tokens.forget(did)
  }

  /** For the keeper of the host's location: what was recorded first. */
  recordLocation(location: string): string {
    return recordLocation(this.#storage, location)
  }

  /** Counts what addresses do often. */
  spend(spendings: readonly Spending[]): Budget | undefined {
    return this.#rates.spend(spendings)
  }

  /** Finds an account by DID, handle or e-mail address. */
  find(by: 'did' | 'handle' | 'email', value: string): Resident | undefined {
    if (by === 'did') return this.#accounts.byDid(value)
    return by === 'handle' ? this.#accounts.byHandle(value) : this.#accounts.byEmail(value)
  }

  /** Accounts in order of their DIDs, at most `limit`, after `cursor`. */
  list(limit: number, cursor?: string): Resident[] {
    return this.#accounts.list(limit, cursor)
  }

  /** Keeps a signing key for an account to come; for a DID that has one, that one counts. */
  reserveKey(key: ReservedKey, did: string | null): ReservedKey {
    return this.#keys.add(key, did)
  }

  /** The signing key reserved for a DID, or under a public key. */
  reservedKey(by: 'did' | 'signingKey', value: string): ReservedKey | undefined {
    return by === 'did' ? this.#keys.forDid(value) : this.#keys.byPublicKey(value)
  }

  forgetKey(signingKey: string): void {
    this.#keys.remove(signingKey)
  }

  /** Keeps a token that is about to be mailed, and says to whom: to nobody but the current address. */
  putToken(
    purpose: TokenPurpose,
    did: string,
    hash: string,
  ): Promise<Outcome<Resident & { email: string }>> {
    return settle(() => {
      const resident = this.#accounts.byDid(did)
      if (!resident) throw new StorageError('AccountNotFound', 'Account not found')
      const { email } = resident
      if (email === null) {
        throw new StorageError('InvalidRequest', 'account does not have an email address')
      }
      this.#tokens.put(purpose, did, hash)
      return { ...resident, email }
    })
  }

  /** Uses a token up. @returns the DID it was mailed to */
  consumeToken(purpose: TokenPurpose, hash: string, did?: string): Promise<Outcome<string>> {
    return settle(() => this.#tokens.consume(purpose, hash, did))
  }

  /**
   * Uses a service token up; false when it was used before.
   *
   * @param hash SHA-256 of what was signed, in hex
   * @param expiresAt seconds since 1970
   */
  useServiceToken(hash: string, expiresAt: number): boolean {
    return this.#usedTokens.use(hash, expiresAt)
  }

  /** Keeps a mail that a host in development would have sent. */
  keepMail(mail: Mail): void {
    this.#devMails.add(mail)
  }

  /** The newest mails that were kept, newest last. */
  keptMails(): Mail[] {
    return this.#devMails.list()
  }

  addInvites(codes: readonly NewInviteCode[]): void {
    this.#storage.transactionSync(() => this.#invites.add(codes))
  }

  invitesOf(did: string): InviteCode[] {
    return this.#invites.ofAccount(did)
  }

  /** The code that an account was made with. */
  inviteUsedBy(did: string): InviteCode | undefined {
    return this.#invites.usedBy(did)
  }

  /** Gives an account the codes that it has earned, as many of `fresh`. */
  addEarnedInvites(did: string, schedule: InviteSchedule, fresh: readonly string[]): void {
    const standing = this.#accounts.standing(did)
    if (!standing || standing.invitesDisabled) return
    this.#invites.addEarned(did, standing.since, schedule, fresh)
  }

  listInvites(sort: InviteSort, limit: number, after?: InviteCursor): InvitePage {
    return this.#invites.list(sort, limit, after)
  }

  /** @param accounts all codes of these accounts too */
  disableInvites(codes: readonly string[], accounts: readonly string[]): void {
    this.#storage.transactionSync(() => this.#invites.disable(codes, accounts))
  }

  /** Whether an account earns no more codes; what it has stays. */
  setInvitesDisabled(did: string, disabled: boolean): Promise<Outcome<void>> {
    return settle(() => this.#accounts.setInvitesDisabled(did, disabled))
  }

  /** What is known of a lexicon of the network. */
  findLexicon(nsid: string): StoredLexicon | undefined {
    return this.#lexicons.find(nsid)
  }

  keepLexicon(lexicon: StoredLexicon): void {
    this.#storage.transactionSync(() => this.#lexicons.put(lexicon))
  }

  /** Does several things to the store, or, when one of them is refused, nothing. */
  #change<T>(work: () => T): Promise<Outcome<T>> {
    return settle(() => this.#storage.transactionSync(work))
  }
}
