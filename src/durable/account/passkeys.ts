import type { PasskeysRpc } from '../../contracts/account/sign-in.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { hashToken, makeToken } from '../../kernel/crypto/random-token.ts'
import { challengeExpiry } from '../../services/factors/challenge.ts'
import {
  registrationOptions,
  verifyAuthentication,
  verifyRegistration,
} from '../../services/factors/passkeys.ts'
import type { OneTime } from '../../storage/account/one-time.ts'
import type { Passkey, Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'
import type { SignOut } from './passwords.ts'

/** How long a registration that was begun may take, in ms. */
const REGISTRATION = 5 * 60 * 1000

/** How long a link is good for, in ms. */
export const LINK_LIFETIME = 15 * 60 * 1000

/** The passkeys of one account, and signing in with them. */
export class Passkeys implements PasskeysRpc {
  readonly #core: AccountCore
  readonly #table: PasskeyTable
  readonly #oneTime: OneTime
  readonly #signOut: Pick<SignOut, 'browsers' | 'oauth'>

  constructor(
    core: AccountCore,
    table: PasskeyTable,
    oneTime: OneTime,
    signOut: Pick<SignOut, 'browsers' | 'oauth'>,
  ) {
    this.#core = core
    this.#table = table
    this.#oneTime = oneTime
    this.#signOut = signOut
  }

  list(): Passkey[] {
    return this.#table.list()
  }

  async beginRegistration(link?: string): Promise<string> {
    this.#assertLink(link)
    const { config, profile } = this.#core
    const options = await registrationOptions(config, profile.get(), this.#table.list())
    const expiresAt = Date.now() + REGISTRATION
    this.#oneTime.add('passkey', hashToken(options.challenge), expiresAt)
    return JSON.stringify(options)
  }

  async register(name: string, answer: string, link?: string): Promise<void> {
    this.#assertLink(link)
    const before = this.#core.signOuts.count()
    const isExpected = (challenge: string) => this.#oneTime.use('passkey', hashToken(challenge))
    const passkey = await verifyRegistration(this.#core.config, answer, isExpected)
    this.#core.profile.get()
    this.#core.signOuts.assertNoneSince(before)
    this.#core.storage.transactionSync(() => {
      this.#table.add({ ...passkey, name })
      if (link !== undefined && !this.#oneTime.use('link', hashToken(link))) throw badLink()
      this.#core.factsChanged()
    })
  }

  rename(id: string, name: string): void {
    this.#table.rename(id, name)
  }

  async remove(id: string, keep?: string): Promise<void> {
    this.#core.storage.transactionSync(() => {
      this.#table.remove(id)
      this.#core.factsChanged()
      this.#signOut.browsers(keep)
    })
    await this.#signOut.oauth()
  }

  createLink(): string {
    this.#core.profile.get()
    const token = makeToken()
    this.#oneTime.removeAll('link')
    this.#oneTime.add('link', hashToken(token), Date.now() + LINK_LIFETIME)
    return token
  }

  /** Nothing awaits between the last look and noting the use, so an answer counts once. */
  async authenticate(id: string, answer: string): Promise<Account> {
    const credential = this.#table.find(id)
    if (!credential) throw unknownPasskey()
    let challenge = ''
    let expiresAt = 0
    const { config, profile, signOuts } = this.#core
    const before = signOuts.count()
    const isExpected = (given: string) => {
      challenge = given
      expiresAt = challengeExpiry(jwtSecrets(config), given) ?? 0
      return expiresAt > 0
    }
    const used = await verifyAuthentication(config, answer, credential, isExpected)
    const account = profile.get()
    assertNotTakendown(account)
    signOuts.assertNoneSince(before)
    if (!this.#oneTime.add('sign_in', hashToken(challenge), expiresAt)) throw unknownPasskey()
    if (!this.#table.use(id, used.counter, used.backedUp)) throw unknownPasskey()
    return account
  }

  #assertLink(link: string | undefined): void {
    if (link !== undefined && !this.#oneTime.has('link', hashToken(link))) throw badLink()
  }
}

const badLink = () => new StorageError('InvalidToken', 'This link was used already, or is too old')

const unknownPasskey = () =>
  new StorageError('AuthenticationRequired', 'This passkey is not known here')
