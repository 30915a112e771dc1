import { hashOfToken, makeToken } from '../../kernel/crypto/random-token.ts'
import { challengeExpiry } from '../../services/factors/challenge.ts'
import {
  registrationOptions,
  verifyAuthentication,
  verifyRegistration,
} from '../../services/factors/passkeys.ts'
import { type Outcome, settle } from '../../services/objects/result.ts'
import { OneTime } from '../../storage/account/one-time.ts'
import { type Passkey, Passkeys } from '../../storage/account/passkeys.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import { StorageError } from '../../storage/error.ts'
import { AccountFactors } from './factors.ts'

/** How long a registration that was begun may take, in ms. */
const REGISTRATION = 5 * 60 * 1000

/** How long a link is good for, in ms. */
export const LINK_LIFETIME = 15 * 60 * 1000

/** The passkeys of one account, and signing in with them. */
export class AccountPasskeys extends AccountFactors {
  readonly #passkeys = new Passkeys(this.parts.sql)
  protected readonly oneTime = new OneTime(this.parts.sql)

  listPasskeys(): Passkey[] {
    return this.#passkeys.list()
  }

  /**
   * Begins a registration.
   *
   * @param link token of a link, where the owner came by one; it stays good until a passkey is registered
   * @returns what `navigator.credentials.create` is called with, as JSON text
   * @throws StorageError `InvalidToken`
   */
  beginPasskey(link?: string): Promise<Outcome<string>> {
    return settle(async () => {
      this.#assertLink(link)
      const account = this.profile.get()
      const options = await registrationOptions(this.config, account, this.#passkeys.list())
      const expiresAt = Date.now() + REGISTRATION
      this.oneTime.add('passkey', hashOfToken(options.challenge), expiresAt)
      return JSON.stringify(options)
    })
  }

  /**
   * Registers a passkey; uses up its challenge, and the link.
   *
   * @param answer what the browser answered, as JSON text
   * @throws StorageError `InvalidToken`, `InvalidRequest`; InvalidRequestError `InvalidPasskey`
   */
  addPasskey(name: string, answer: string, link?: string): Promise<Outcome<void>> {
    return settle(async () => {
      this.#assertLink(link)
      const isExpected = (challenge: string) => this.oneTime.use('passkey', hashOfToken(challenge))
      const passkey = await verifyRegistration(this.config, answer, isExpected)
      this.profile.get()
      this.#passkeys.add({ ...passkey, name })
      if (link !== undefined && !this.oneTime.use('link', hashOfToken(link))) {
        this.#passkeys.remove(passkey.id)
        throw badLink()
      }
    })
  }

  renamePasskey(id: string, name: string): void {
    this.#passkeys.rename(id, name)
  }

  removePasskey(id: string): void {
    this.#passkeys.remove(id)
  }

  /**
   * Makes a link token, with which a passkey can be registered; the one before works no more.
   *
   * @returns the token, which is kept nowhere
   */
  makePasskeyLink(): Promise<Outcome<string>> {
    return settle(() => {
      this.profile.get()
      const token = makeToken()
      this.oneTime.forget('link')
      this.oneTime.add('link', hashOfToken(token), Date.now() + LINK_LIFETIME)
      return token
    })
  }

  /**
   * Whether a passkey of this account was used just now: a full sign-in, no code is asked for. Nothing awaits
   * between the last look and noting the use, so an answer counts once.
   *
   * @param id of the passkey
   * @param answer what the browser answered, as JSON text
   * @throws StorageError `AuthenticationRequired`, `AccountTakedown`; InvalidRequestError `InvalidPasskey`
   */
  authenticatePasskey(id: string, answer: string): Promise<Outcome<Account>> {
    return settle(() => this.usePasskey(id, answer))
  }

  protected async usePasskey(id: string, answer: string): Promise<Account> {
    const credential = this.#passkeys.find(id)
    if (!credential) throw unknownPasskey()
    let challenge = ''
    let expiresAt = 0
    const isExpected = (given: string) => {
      challenge = given
      expiresAt = challengeExpiry(this.config.jwtSecret, given) ?? 0
      return expiresAt > 0
    }
    const used = await verifyAuthentication(this.config, answer, credential, isExpected)
    const account = this.profile.get()
    assertNotTakendown(account)
    if (!this.oneTime.add('sign_in', hashOfToken(challenge), expiresAt)) throw unknownPasskey()
    if (!this.#passkeys.use(id, used.counter, used.backedUp)) throw unknownPasskey()
    return account
  }

  #assertLink(link: string | undefined): void {
    if (link !== undefined && !this.oneTime.has('link', hashOfToken(link))) throw badLink()
  }
}

const badLink = () => new StorageError('InvalidToken', 'This link was used already, or is too old')

const unknownPasskey = () =>
  new StorageError('AuthenticationRequired', 'This passkey is not known here', 401)
