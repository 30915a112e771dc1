/** Codes by mail, for those who have asked to be asked for one at sign-in. */
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { Logger } from '../../kernel/log.ts'
import type { MailService } from '../mail/mail.ts'
import type { HostObjects } from '../objects/stubs.ts'

export interface MailedCodeDependencies {
  readonly objects: Pick<HostObjects, 'account'>
  readonly mail: MailService
  readonly log: Pick<Logger, 'error'>
  /** Counts a mail against the account's rate limit for mails. @throws RateLimitError */
  countMail(did: string): Promise<void>
}

export class MailedCodes {
  readonly #dependencies: MailedCodeDependencies

  constructor(dependencies: MailedCodeDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Mails a code to somebody whose password was right, if their account asks for one. Where an authenticator app
   * is another way in, a mail that cannot be sent stops nobody.
   *
   * @throws XRPCError `RateLimitExceeded`, `InvalidRequest` when this host sends no mail
   */
  async send(did: string): Promise<void> {
    const { objects, mail, log, countMail } = this.#dependencies
    const { email, totp } = await objects.account(did).factors.get()
    if (!email) return
    try {
      await countMail(did)
      await mail.sendToken(did, 'sign_in')
    } catch (error) {
      if (!totp || !(error instanceof XRPCError)) throw error
      log.error('could not mail a sign-in code', error, { did })
    }
  }

  /**
   * Switches codes by mail on or off (`emailAuthFactor`). On is for a host that sends mail, and an address that was
   * confirmed. Off takes a token for `update_email` where codes are asked for: a session alone must not do.
   *
   * @throws XRPCError `InvalidRequest`, `InvalidToken`, `ExpiredToken`
   */
  async setEnabled(did: string, on: boolean, token?: string): Promise<void> {
    const { objects, mail } = this.#dependencies
    const { emailAuthFactor: before, email } = await mail.readAddress(did)
    if (before === on) return
    if (on) {
      mail.assertSends()
      if (email === null) throw new InvalidRequestError('The account has no email address')
    } else if (token === undefined) {
      throw new XRPCError(400, 'confirmation token required', 'TokenRequired')
    } else {
      await mail.consumeToken('update_email', token, did)
    }
    await objects.account(did).factors.setEmailFactor(on)
    mail.tell(did, { kind: on ? 'codes by mail on' : 'codes by mail off' })
  }
}
