import type { PasswordsRpc } from '../../contracts/account/sign-in.ts'
import { looksLikeAppPassword } from '../../kernel/crypto/app-password.ts'
import type { AppPassword, AppPasswords } from '../../storage/account/app-passwords.ts'
import type { Passkeys } from '../../storage/account/passkeys.ts'
import type { Sessions } from '../../storage/account/sessions.ts'
import { TOKEN_LIFETIME } from '../../storage/directory/email-tokens.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'

/** Ends what a password gave access to. */
export interface SignOut {
  /**
   * Ends all sessions that this object knows, of apps and of browsers, and what is on its way to become one; the
   * rest is left to a job that is started with it.
   */
  here(): void
  /**
   * The same for browsers, and apps that were given tokens there.
   *
   * @param keep token of the browser session that stays
   */
  browsers(keep?: string): void
  /** Resolves when that job has tried to end what the OAuth server gave to browsers and apps. */
  oauth(): Promise<void>
}

/** Since when the owner is to be asked about what a new password left. */
export const REVIEW = 'review of access'

/** The tokens for a new password that the directory keeps, by hash. */
export interface ResetTokens {
  /** @throws XRPCError `InvalidToken`, `ExpiredToken` */
  assertValid(hash: string): Promise<void>
  /** Removes a token that was used, and the others with it; one that stays for a failure is not accepted here. */
  remove(hash: string): Promise<void>
}

/** Hashes of the tokens that passwords were set with, and until when they are kept: ms since 1970. */
export const USED_TOKENS = 'used reset tokens'

/** Ways to sign in besides the main password. */
export interface PasswordTables {
  appPasswords: AppPasswords
  passkeys: Pick<Passkeys, 'list' | 'removeAll'>
}

/** The main password and the app passwords of one account. */
export class Passwords implements PasswordsRpc {
  readonly #core: AccountCore
  readonly #appPasswords: AppPasswords
  readonly #passkeys: Pick<Passkeys, 'list' | 'removeAll'>
  readonly #sessions: Sessions
  readonly #signOut: SignOut
  readonly #resetTokens: ResetTokens

  constructor(
    core: AccountCore,
    { appPasswords, passkeys }: PasswordTables,
    sessions: Sessions,
    signOut: SignOut,
    resetTokens: ResetTokens,
  ) {
    this.#core = core
    this.#appPasswords = appPasswords
    this.#passkeys = passkeys
    this.#sessions = sessions
    this.#signOut = signOut
    this.#resetTokens = resetTokens
  }

  async verify(password: string): Promise<boolean> {
    const { profile, hasher } = this.#core
    const stored = profile.passwordHash()
    if (stored !== null) return hasher.verify(password, stored)
    await this.pretend(password)
    return false
  }

  async pretend(
    password: string,
    { apps, key }: { apps?: boolean; key?: string } = {},
  ): Promise<void> {
    const { hasher } = this.#core
    await hasher.hash(password, key)
    if (apps && looksLikeAppPassword(password)) await hasher.hash(password, key)
  }

  async set(password: string, resetToken?: string): Promise<void> {
    const { profile, storage, hasher } = this.#core
    profile.get()
    const hash = await hasher.hash(password)
    if (resetToken !== undefined) await this.#resetTokens.assertValid(resetToken)
    profile.get()
    storage.transactionSync(() => {
      if (resetToken !== undefined) this.#useToken(resetToken)
      const isFirst = profile.passwordHash() === null
      profile.update({ password: hash })
      this.#core.factsChanged()
      this.#signOut.here()
      if (!isFirst) storage.kv.put(REVIEW, Date.now())
    })
    if (resetToken !== undefined) await this.#resetTokens.remove(resetToken)
    await this.#signOut.oauth()
  }

  async revoke(): Promise<void> {
    const { profile, storage } = this.#core
    profile.get()
    storage.transactionSync(() => {
      profile.update({ password: null })
      this.#core.factsChanged()
      this.#appPasswords.removeAll()
      this.#passkeys.removeAll()
      storage.kv.delete(REVIEW)
      this.#signOut.here()
    })
    await this.#signOut.oauth()
  }

  /**
   * Notes with the change itself that a token is used up: of several requests with one token one gets through, also
   * when the directory has not been told.
   */
  #useToken(hash: string): void {
    const { kv } = this.#core.storage
    const now = Date.now()
    const used = Object.entries(kv.get<Record<string, number>>(USED_TOKENS) ?? {})
    const kept = Object.fromEntries(used.filter(([, until]) => until > now))
    if (kept[hash] !== undefined) throw new StorageError('InvalidToken', 'Token is invalid')
    // Clocks of objects may differ: longer than the directory takes it.
    kv.put(USED_TOKENS, { ...kept, [hash]: now + 2 * TOKEN_LIFETIME })
  }

  review(): number | null {
    const since = this.#core.storage.kv.get<number>(REVIEW)
    return since !== undefined && this.#leaves() ? since : null
  }

  async endReview(remove: boolean, keep?: string): Promise<void> {
    const { storage } = this.#core
    storage.transactionSync(() => {
      storage.kv.delete(REVIEW)
      if (!remove) return
      for (const { name } of this.#appPasswords.list()) this.removeAppPassword(name)
      this.#passkeys.removeAll()
      this.#core.factsChanged()
      // What they have opened goes with them.
      this.#signOut.browsers(keep)
    })
    if (remove) await this.#signOut.oauth()
  }

  /** Whether there is a way to sign in that a new password does not end. */
  #leaves(): boolean {
    return !this.#appPasswords.isEmpty() || this.#passkeys.list().length > 0
  }

  async addAppPassword(name: string, password: string, privileged: boolean): Promise<AppPassword> {
    const { hasher, profile, signOuts } = this.#core
    const before = signOuts.count()
    const { did } = profile.get()
    // Before the work, and again after it.
    this.#appPasswords.assertMayAdd(name)
    const hash = await hasher.hashAppPassword(did, password)
    signOuts.assertNoneSince(before)
    profile.get()
    return this.#appPasswords.add(name, hash, privileged)
  }

  listAppPasswords(): AppPassword[] {
    return this.#appPasswords.list()
  }

  removeAppPassword(name: string): void {
    this.#core.signOuts.add()
    this.#appPasswords.remove(name)
    this.#sessions.closeOpenedWith(name)
  }

  /** The app password it is, null for the main password, undefined when it is neither. */
  async identify(password: string): Promise<AppPassword | null | undefined> {
    const { hasher, profile } = this.#core
    const { did } = profile.get()
    // Whether there are any makes no difference: how many hashes it takes tells nothing of the account.
    if (looksLikeAppPassword(password)) {
      const found = this.#appPasswords.byHash(await hasher.hashAppPassword(did, password))
      if (found) return found
    }
    return (await this.verify(password)) ? null : undefined
  }
}
