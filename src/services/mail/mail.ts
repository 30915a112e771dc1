import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { hashMailedToken } from '../../kernel/crypto/mailed-token.ts'
import { makeShortCode } from '../../kernel/crypto/short-code.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { TokenPurpose } from '../../storage/directory/email-tokens.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { document, paragraph } from './html.ts'
import { composeNoticeMail, type Notice } from './notice-mail.ts'
import { composeTokenMail } from './token-mail.ts'

/** Between two mails for a new password, in ms; a token is good for three times as long. */
const SPACING = 5 * 60 * 1000

/** Notices of one kind to one account, so that whoever changes things all the time fills no mailbox. */
const NOTICES = { limit: 10, window: 60 * 60 * 1000 }

/** How often a mail is addressed anew, as the account got another address meanwhile. */
const MAX_TRIES = 3

/** After so many ms nobody is helped any more by a notice that could not be sent. */
const NOTICE_LIFETIME = 3 * 24 * 60 * 60 * 1000

export interface MailDependencies {
  readonly config: Pick<
    Config,
    'jwtSecret' | 'hostname' | 'publicUrl' | 'mailFrom' | 'contactEmail' | 'devMode'
  >
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  /** Whether this host sends mail. */
  readonly sends: boolean
  /** Whether limits are on. */
  isLimited(): boolean
  /** Keeps the isolate working after the answer was sent. */
  waitUntil(work: Promise<unknown>): void
  readonly log: Pick<Logger, 'error'>
}

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
   * @throws XRPCError `InvalidRequest` when this host sends no mail or the account has no address,
   *   `AccountNotFound`
   */
  async sendToken(did: string, purpose: TokenPurpose): Promise<void> {
    // Asked for first: a host that cannot send a new token leaves the old one alone.
    this.assertSends()
    const { config, objects } = this.#dependencies
    const token = makeShortCode().toUpperCase()
    const hash = this.#hash(purpose, token)
    const spacing = purpose === 'reset_password' && this.#dependencies.isLimited() ? SPACING : 0
    const { hostname, mailFrom: from } = config
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const account = await objects.directory.accounts.find('did', did)
      if (!account) throw new XRPCError(400, 'Account not found', 'AccountNotFound')
      const { handle, email: to } = account
      if (to === null) throw new InvalidRequestError('account does not have an email address')
      const mail = composeTokenMail(purpose, { hostname, handle, from, to, token })
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
      this.#sendNotice(did, notice, to).catch((error: unknown) =>
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
    const did = await this.findToken('reset_password', token)
    await this.setPassword(did, password, this.#hash('reset_password', token))
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
   * Mails an account a message of the operator's.
   *
   * @throws InvalidRequestError when this host sends no mail or the account has no address
   */
  async sendMessage(did: string, subject: string, content: string): Promise<void> {
    this.assertSends()
    const { config, objects } = this.#dependencies
    const to = (await objects.directory.accounts.find('did', did))?.email
    if (!to) throw new InvalidRequestError('account does not have an email address')
    const mail = {
      from: config.mailFrom,
      to,
      subject: plainLine(subject),
      text: content,
      html: document(...content.split(/\n{2,}/).map(paragraph)),
    }
    await objects.directory.mails.add(mail, 'message', NOTICE_LIFETIME)
  }

  async #sendNotice(did: string, notice: Notice, address?: string): Promise<void> {
    const { config, objects, sends } = this.#dependencies
    if (!sends) return
    const account = await objects.directory.accounts.find('did', did)
    const to = address ?? account?.email
    if (!account || !to) return
    const key = `notices: ${notice.kind}`
    const status = await objects.account(did).rateLimits.consume([{ ...NOTICES, key, points: 1 }])
    if (status?.exceeded) return
    const { hostname, publicUrl, mailFrom: from } = config
    const { handle } = account
    const settingsUrl = `${publicUrl}/settings`
    const mail = composeNoticeMail(notice, { hostname, settingsUrl, handle, from, to })
    await objects.directory.mails.add(mail, notice.kind, NOTICE_LIFETIME)
  }

  /**
   * Uses a token up. Of several callers with the same token, one gets through.
   *
   * @param token as it was typed
   * @param did whose it must be; undefined: whosever it is
   * @returns the DID of the account it was mailed to
   * @throws XRPCError `InvalidToken`, `ExpiredToken`
   */
  consumeToken(purpose: TokenPurpose, token: string, did?: string): Promise<string> {
    const { directory } = this.#dependencies.objects
    return directory.tokens.consume(purpose, this.#hash(purpose, token), did)
  }

  /** Looks a token up without using it; for the rest as `consumeToken`. */
  findToken(purpose: TokenPurpose, token: string, did?: string): Promise<string> {
    const { directory } = this.#dependencies.objects
    return directory.tokens.find(purpose, this.#hash(purpose, token), did)
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
    const hash = token === undefined ? undefined : this.#hash('update_email', token)
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
}
