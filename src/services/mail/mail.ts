import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { hashMailedToken } from '../../kernel/crypto/mailed-token.ts'
import { makeShortCode } from '../../kernel/crypto/short-code.ts'
import type { Mail } from '../../kernel/mail.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { TokenPurpose } from '../../storage/directory/email-tokens.ts'
import type { MailDependencies } from './dependencies.ts'
import { hashOfMailed } from './hash-of-mailed.ts'
import type { Notice } from './notice-mail.ts'
import { sendNotice, welcomeApp } from './notices.ts'
import { sendMessage, sendTest, sendToAll, tellOperator } from './operator-mail.ts'
import { noteLanguage, stringsFor } from './readers.ts'
import { composeTokenMail } from './token-mail.ts'

/** Between two mails for a new password, in ms; a token is good for three times as long. */
const SPACING = 5 * 60 * 1000

/** How long a token is good that the operator gives to somebody, in ms: they may read it tomorrow. */
const HANDED_OUT = 24 * 60 * 60 * 1000

/** How often a mail is addressed anew, as the account got another address meanwhile. */
const MAX_TRIES = 3

/**
 * Mails to the accounts of this host, and the tokens in them: `XXXXX-XXXXX` in base32, for one purpose, once, within
 * fifteen minutes.
 *
 * An account's address is in two places: in the directory, where it is unique and where mails are addressed
 * from, and with the account, which knows whether it was confirmed. A change begins in the directory, so that
 * what breaks off half way can be told, and made complete, by who next has to do with the address.
 */
export class MailService {
  readonly #dependencies: MailDependencies

  constructor(dependencies: MailDependencies) {
    this.#dependencies = dependencies
  }

  /** Whether this host sends mail. */
  get sends(): boolean {
    return this.#dependencies.sends
  }

  /** @throws InvalidRequestError when this host sends no mail */
  assertSends(): void {
    const { sends, config } = this.#dependencies
    if (sends) return
    const { contactEmail } = config
    const help = contactEmail === undefined ? '' : `; its operator can help: ${contactEmail}`
    throw new InvalidRequestError(`This host cannot send mail${help}`)
  }

  /**
   * Mails a new token to an account. Those before it for the same purpose still work, until one of them is used.
   * Tokens that anybody can ask for, for somebody else, are mailed once in `SPACING`: the last one is on its way.
   *
   * @param locale that whoever asks has chosen; without it, what the browser says
   * @throws XRPCError `InvalidRequest` when this host sends no mail or the account has no address,
   *   `AccountNotFound`
   */
  async sendToken(did: string, purpose: TokenPurpose, locale?: string): Promise<void> {
    // Asked for first: a host that cannot send a new token leaves the old one alone.
    this.assertSends()
    const { config, objects } = this.#dependencies
    const token = makeShortCode().toUpperCase()
    const hash = this.#hash(purpose, token)
    const spacing = purpose === 'reset_password' && this.#dependencies.isLimited() ? SPACING : 0
    const { mailFrom: from } = config
    // Anybody may ask for a new password of somebody: that is no sign of what its owner reads.
    const isOwner = purpose !== 'reset_password'
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const account = await objects.directory.mails.addressee(did)
      if (!account) throw new XRPCError(400, 'Account not found', 'AccountNotFound')
      const { handle, email: to } = account
      if (to === null) throw new InvalidRequestError('account does not have an email address')
      if (isOwner) noteLanguage(this.#dependencies, did, locale, account.language)
      const strings = await stringsFor(this.#dependencies, account.language, { locale, isOwner })
      const mail = composeTokenMail(purpose, { config, strings, handle, from, to, token })
      if (await objects.directory.tokens.put(purpose, did, hash, mail, spacing)) return
      // It has got another address meanwhile.
    }
    throw new XRPCError(503, 'The address of the account keeps changing', 'ServiceUnavailable')
  }

  /**
   * Tells an account's owner what has changed, while the request goes on: should it fail, the log says so. An account
   * without an address, and a host that sends no mail, tell nobody.
   *
   * @param to instead of the account's address
   */
  tell(did: string, notice: Notice, to?: string): void {
    const { waitUntil, log } = this.#dependencies
    waitUntil(
      sendNotice(this.#dependencies, did, notice, to).catch((error: unknown) =>
        log.error('mailing a notice failed', error, { kind: notice.kind }),
      ),
    )
  }

  /**
   * Sets a new password for whoever a token was mailed to, and tells the owner what else is still good for signing in.
   * The token is used up with the change: it stays good when there is none.
   *
   * @returns the DID of the account
   * @throws XRPCError `InvalidToken`, `ExpiredToken`, `RateLimitExceeded`
   */
  async resetPassword(token: string, password: string): Promise<string> {
    const hash = await this.#knownHash('reset_password', token)
    const did = await this.#dependencies.objects.directory.tokens.find('reset_password', hash)
    await this.setPassword(did, password, hash)
    return did
  }

  /**
   * Sets a new password, which ends all sessions, and tells the owner what else is still good for signing in.
   *
   * @param tokenHash of the token that is used up by it; undefined: the operator does it
   */
  async setPassword(did: string, password: string, tokenHash?: string): Promise<void> {
    const { passwords, passkeys } = this.#dependencies.objects.account(did)
    await passwords.set(password, tokenHash)
    const [left, apps] = await Promise.all([passkeys.list(), passwords.listAppPasswords()])
    const appPasswords = apps.map(({ name }) => name)
    this.tell(did, { kind: 'password changed', passkeys: left.length, appPasswords })
  }

  /**
   * Somebody has shown what language they read, by what they chose (`locale`) or by what their browser says: it is
   * remembered for mails, while the request goes on.
   */
  noteLanguage(did: string, locale?: string): void {
    noteLanguage(this.#dependencies, did, locale)
  }

  /** After a sign-in by an app with the main password, see `notices.ts`; while the request goes on. */
  welcomeApp(did: string, options: { isNew: boolean }): void {
    const { waitUntil, log } = this.#dependencies
    waitUntil(
      welcomeApp(this.#dependencies, did, options).catch((error: unknown) =>
        log.error('noting a sign-in failed', error),
      ),
    )
  }

  /**
   * Mails an account a message of the operator's.
   *
   * @throws InvalidRequestError when this host sends no mail or the account has no address
   */
  async sendMessage(did: string, subject: string, content: string): Promise<void> {
    this.assertSends()
    if (!(await sendMessage(this.#dependencies, did, subject, content)))
      throw new InvalidRequestError('account does not have an email address')
  }

  /**
   * Mails a message of the operator's to every account that has an address, once, in the background.
   *
   * @param id of the message; should the same be sent again while it is at work, that does nothing
   * @throws InvalidRequestError when this host sends no mail
   */
  async sendToAll(id: string, subject: string, content: string): Promise<void> {
    this.assertSends()
    await sendToAll(this.#dependencies, id, subject, content)
  }

  /**
   * Mails an address a test.
   *
   * @throws InvalidRequestError when this host sends no mail
   */
  async sendTest(address: string): Promise<void> {
    this.assertSends()
    await sendTest(this.#dependencies, address)
  }

  /**
   * Mails the operator (PDS_CONTACT_EMAIL_ADDRESS) a message of this host's, in English.
   *
   * @returns false: there is no such address, no way for mails, or there were too many
   */
  tellOperator(subject: string, content: string): Promise<boolean> {
    return tellOperator(this.#dependencies, subject, content)
  }

  /**
   * Before what mails something to an address that anybody may name: answers alike, whether or not there is an account
   * with it.
   *
   * @throws InvalidRequestError when this host sends no mail; RateLimitError when it was asked for too often
   */
  async assertMayAsk(address: string): Promise<void> {
    this.assertSends()
    await this.#dependencies.objects.directory.mails.spendWish(address)
  }

  /**
   * A token for somebody who gets no mail, to be given to them by the operator, or on a page to whoever has shown who
   * they are: good once.
   *
   * @param time how long it is good, ms; a day, unless given
   * @returns with the link to where it is entered, if this host has such a page
   * @throws XRPCError `AccountNotFound`
   */
  async handOutToken(
    did: string,
    purpose: TokenPurpose,
    time: number = HANDED_OUT,
  ): Promise<{ token: string; until: number; url?: string }> {
    const token = makeShortCode().toUpperCase()
    const until = Date.now() + time
    const { tokens } = this.#dependencies.objects.directory
    await tokens.handOut(purpose, did, this.#hash(purpose, token), time)
    const url = `${this.#dependencies.config.publicUrl}/settings/reset-password#${token}`
    return { token, until, ...(purpose === 'reset_password' && { url }) }
  }

  /**
   * The operator knows that the address is the owner's.
   *
   * @returns the address
   * @throws XRPCError `RepoNotFound`, `InvalidRequest` when there is none
   */
  async confirmAddress(did: string): Promise<string> {
    const { email } = await this.readAddress(did)
    if (email === null || !(await this.#dependencies.objects.account(did).email.confirm(email))) {
      throw new InvalidRequestError('account does not have an email address')
    }
    return email
  }

  /**
   * Uses a token up. Of several callers with the same token, one gets through.
   *
   * @param token as it was typed
   * @param did whose it must be; undefined: whosever it is
   * @returns the DID of the account it was mailed to
   * @throws XRPCError `InvalidToken`, `ExpiredToken`
   */
  async consumeToken(purpose: TokenPurpose, token: string, did?: string): Promise<string> {
    const hash = await this.#knownHash(purpose, token)
    return this.#dependencies.objects.directory.tokens.consume(purpose, hash, did)
  }

  /** Looks a token up without using it; for the rest as `consumeToken`. */
  async findToken(purpose: TokenPurpose, token: string, did?: string): Promise<string> {
    const hash = await this.#knownHash(purpose, token)
    return this.#dependencies.objects.directory.tokens.find(purpose, hash, did)
  }

  /** An account and its address; completes a change of it that broke off. @throws XRPCError `RepoNotFound` */
  async readAddress(did: string): Promise<Account> {
    const { objects } = this.#dependencies
    const account = objects.account(did)
    // In this order: the directory is never behind the account.
    const profile = await account.profile.get()
    const email = (await objects.directory.accounts.find('did', did))?.email
    if (email === undefined || email === null || email === profile.email) return profile
    await account.email.set(email)
    return { ...profile, email, emailConfirmedAt: null }
  }

  /**
   * Gives an account another address, which is then unconfirmed. All tokens mailed to it before end.
   *
   * @param email as `checkEmail` returns it
   * @param token for the change, used up if the change is made; undefined: none is needed
   * @throws XRPCError `InvalidRequest` when the address is taken, `InvalidToken`, `ExpiredToken`
   */
  async changeAddress(did: string, email: string, token?: string): Promise<void> {
    const { objects } = this.#dependencies
    const hash = token === undefined ? undefined : await this.#knownHash('update_email', token)
    const before = await objects.directory.accounts.find('did', did)
    await objects.directory.accounts.setEmail(did, email, hash)
    await objects.account(did).email.set(email)
    // To the old address: whoever has changed it reads the new one.
    if (before?.email && before.email !== email) {
      this.tell(did, { kind: 'email changed', to: email }, before.email)
    }
  }

  /** The mails that a host in development would have sent, newest last; undefined on any other host. */
  async outbox(): Promise<Mail[] | undefined> {
    const { config, objects } = this.#dependencies
    return config.devMode ? await objects.directory.mails.outbox() : undefined
  }

  #hash(purpose: TokenPurpose, token: string): string {
    return hashMailedToken(this.#dependencies.config.jwtSecret, purpose, token)
  }

  #knownHash(purpose: TokenPurpose, token: string): Promise<string> {
    const { config, objects } = this.#dependencies
    return hashOfMailed(objects.directory, config, purpose, token)
  }
}
