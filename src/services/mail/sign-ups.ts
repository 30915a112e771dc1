/** Sign-ups that wait for the operator's approval (`PDS_REGISTRATION=approval`). */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import type { Mail } from '../../kernel/mail.ts'
import type {
  SignUpPage,
  SignUpPlace,
  WaitingSignUp,
} from '../../storage/directory/sign-up-queue.ts'
import type { PlcDirectory } from '../identity/plc.ts'
import type { PlcOperation } from '../identity/plc-operation.ts'
import { unlessRefused } from '../objects/result.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { isLanguage, stringsOf } from './languages/languages.ts'
import type { MailConfig } from './layout.ts'
import { composeSignUpMail, type SignUpNews } from './sign-up-mail.ts'

/** After so many ms nobody is helped any more by being told. */
const MAIL_LIFETIME = 3 * 24 * 60 * 60 * 1000

/** Characters of a reason. */
const MAX_REASON = 500

export interface SignUpDependencies {
  readonly config: MailConfig & Pick<Config, 'mailFrom' | 'defaultLanguage'>
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  readonly plc: Pick<PlcDirectory, 'submit'>
  /** Whether this host sends mail. */
  readonly sends: boolean
}

export class SignUps {
  readonly #dependencies: SignUpDependencies

  constructor(dependencies: SignUpDependencies) {
    this.#dependencies = dependencies
  }

  /** Those that wait, the oldest first. */
  list(limit: number, after?: SignUpPlace): Promise<SignUpPage> {
    return this.#dependencies.objects.directory.signUps.list(limit, after)
  }

  /** Tells the owner of a new account that it waits. */
  async acknowledge(account: Pick<WaitingSignUp, 'did' | 'handle' | 'email'>): Promise<void> {
    const mail = await this.#mail(account, { is: 'waiting' })
    if (!mail) return
    await this.#dependencies.objects.directory.mails.add(mail, 'sign-up waiting', MAIL_LIFETIME)
  }

  /**
   * Lets somebody in: the identity is published, the account is opened, the network is told, and the owner by mail. What
   * breaks off on the way is completed by approving once more.
   *
   * @throws InvalidRequestError; PlcError
   */
  async approve(did: string): Promise<void> {
    const { objects, plc } = this.#dependencies
    const waiting = await this.#mustWait(did)
    if (waiting.refused !== null) throw new InvalidRequestError(`${did} was refused already`)
    if (waiting.genesis !== null) await plc.submit(did, JSON.parse(waiting.genesis) as PlcOperation)
    await objects.account(did).lifecycle.approve()
    await this.#finish(waiting)
  }

  /**
   * Sends somebody away: whatever is stored of the account is deleted, its names are free at once, and its owner is told
   * why. What breaks off is completed in the background.
   *
   * @param reason for the owner, on one line; may be empty
   * @throws InvalidRequestError
   */
  async refuse(did: string, reason: string): Promise<void> {
    const { objects } = this.#dependencies
    const waiting = await this.#mustWait(did)
    const { lifecycle, profile } = objects.account(did)
    // It may be gone already, where an earlier attempt broke off.
    const isApproved = (await unlessRefused(profile.get()))?.awaitsApproval === false
    if (isApproved) return this.#stay(waiting)
    const said = reason.slice(0, MAX_REASON)
    const mail = await this.#mail(waiting, { is: 'refused', reason: said })
    await objects.directory.signUps.refuse(did, said, mail && { mail, lifetime: MAIL_LIFETIME })
    if ((await unlessRefused(lifecycle.refuse())) === false) return this.#stay(waiting)
    await objects.directory.accounts.remove(did)
  }

  /** Of an approval that broke off when the account was open: it is in. @throws InvalidRequestError */
  async #stay(waiting: WaitingSignUp): Promise<never> {
    await this.#finish(waiting)
    throw new InvalidRequestError(`${waiting.did} was approved already`)
  }

  async #finish(waiting: WaitingSignUp): Promise<void> {
    const { signUps } = this.#dependencies.objects.directory
    const mail = await this.#mail(waiting, { is: 'approved' })
    await signUps.finish(waiting.did, mail && { mail, lifetime: MAIL_LIFETIME })
  }

  async #mustWait(did: string): Promise<WaitingSignUp> {
    const waiting = await this.#dependencies.objects.directory.signUps.get(did)
    if (!waiting) throw new InvalidRequestError(`${did} does not wait for approval`)
    return waiting
  }

  /** In the language that its reader has shown; undefined: there is nothing to send. */
  async #mail(
    { did, handle, email: to }: Pick<WaitingSignUp, 'did' | 'handle' | 'email'>,
    news: SignUpNews,
  ): Promise<Mail | undefined> {
    const { config, objects, sends } = this.#dependencies
    if (!sends || to === null) return undefined
    const known = (await objects.directory.mails.addressee(did))?.language ?? ''
    const strings = await stringsOf(isLanguage(known) ? known : config.defaultLanguage)
    return composeSignUpMail(news, { config, strings, handle, from: config.mailFrom, to })
  }
}
