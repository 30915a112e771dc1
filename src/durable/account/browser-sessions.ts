import type {
  BrowserSessionsRpc,
  BrowserSignIn,
  SignedIn,
} from '../../contracts/account/sign-in.ts'
import { hashToken, makeToken } from '../../kernel/crypto/random-token.ts'
import { isStrong } from '../../services/factors/shown-factor.ts'
import {
  type BrowserSessionRow,
  type BrowserSessions as BrowserSessionTable,
  FRESH_TIME,
  type NewBrowserSession,
  type SessionBrowser,
} from '../../storage/account/browser-sessions.ts'
import type { OneTime } from '../../storage/account/one-time.ts'
import { assertNotTakendown } from '../../storage/account/profile.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'
import type { Factors } from './factors.ts'
import type { Passkeys } from './passkeys.ts'
import type { Passwords } from './passwords.ts'

/** How long somebody whose password was right may take to enter a code, in ms. */
const CODE_TIME = 15 * 60 * 1000

/** What signing in to the account page takes. */
export interface BrowserSignInParts {
  passwords: Pick<Passwords, 'verify'>
  factors: Pick<Factors, 'check'>
  passkeys: Pick<Passkeys, 'authenticate'>
  oneTime: OneTime
  /** Whether the OAuth provider has yet to hear of a sign-out. */
  isSigningOut(): boolean
}

/** Sessions of browsers on the account page of one account. */
export class BrowserSessions implements BrowserSessionsRpc {
  readonly #core: AccountCore
  readonly #table: BrowserSessionTable
  readonly #parts: BrowserSignInParts

  constructor(core: AccountCore, table: BrowserSessionTable, parts: BrowserSignInParts) {
    this.#core = core
    this.#table = table
    this.#parts = parts
  }

  async open(password: string, browser?: SessionBrowser): Promise<BrowserSignIn> {
    const { passwords, factors, oneTime } = this.#parts
    const { signOuts } = this.#core
    const before = signOuts.count()
    if (!(await passwords.verify(password))) return null
    try {
      await factors.check(undefined)
    } catch (error) {
      if (!(error instanceof StorageError) || error.name !== 'AuthFactorTokenRequired') throw error
      signOuts.assertNoneSince(before)
      const ticket = makeToken()
      oneTime.add('password', hashToken(ticket), Date.now() + CODE_TIME)
      return { ticket, wanted: error.message }
    }
    signOuts.assertNoneSince(before)
    return { token: this.#open({ browser, factor: false }) }
  }

  async complete(ticket: string, code: string, browser?: SessionBrowser): Promise<string> {
    const { factors, oneTime } = this.#parts
    const hash = hashToken(ticket)
    if (!oneTime.has('password', hash)) throw expired()
    const shown = await factors.check(code)
    if (!oneTime.use('password', hash)) throw expired()
    return this.#open({ browser, factor: isStrong(shown) })
  }

  async openByPasskey(id: string, answer: string, browser?: SessionBrowser): Promise<string> {
    const before = this.#core.signOuts.count()
    await this.#parts.passkeys.authenticate(id, answer)
    this.#core.signOuts.assertNoneSince(before)
    return this.#open({ browser, factor: true })
  }

  beginOnDevice(): number | null {
    this.#core.profile.get()
    return this.#parts.isSigningOut() ? null : this.#core.signOuts.count()
  }

  openOnDevice(begun: number, signedInAt: number, browser: SessionBrowser): string {
    assertNotTakendown(this.#core.profile.get())
    this.#core.signOuts.assertNoneSince(begun)
    // What was shown there, nobody has noted.
    return this.#open({ browser, factor: false, confirmedAt: signedInAt })
  }

  async confirm(token: string, password: string, code?: string): Promise<boolean> {
    this.assertOpen(token)
    const before = this.#core.signOuts.count()
    if (!(await this.#parts.passwords.verify(password))) return false
    const shown = await this.#parts.factors.check(code)
    this.#noteShown(token, before, { factor: isStrong(shown), all: true })
    return true
  }

  async confirmByPasskey(token: string, id: string, answer: string): Promise<void> {
    this.assertOpen(token)
    const before = this.#core.signOuts.count()
    await this.#parts.passkeys.authenticate(id, answer)
    this.#noteShown(token, before, { factor: true, all: true })
  }

  async showCode(token: string, code: string): Promise<void> {
    this.assertOpen(token)
    const before = this.#core.signOuts.count()
    if (!isStrong(await this.#parts.factors.check(code))) {
      throw new StorageError('AuthenticationRequired', 'Token is invalid')
    }
    this.#noteShown(token, before, { factor: true, all: false })
  }

  /**
   * @param before sign-outs when it was begun to be looked at
   * @param shown whether a factor was, and all that signing in takes
   */
  #noteShown(token: string, before: number, shown: { factor: boolean; all: boolean }): void {
    this.#core.signOuts.assertNoneSince(before)
    this.assertOpen(token)
    if (shown.factor) this.#table.noteFactor(hashToken(token))
    if (shown.all) this.#table.confirm(hashToken(token))
  }

  find(token: string, evenTakendown = false): SignedIn | null {
    const account = this.#core.profile.get()
    if (account.status === 'takendown' && !evenTakendown) return null
    const session = this.#table.touch(hashToken(token))
    if (!session) return null
    const { confirmedAt, factorAt } = session
    return { ...account, factorAt, freshUntil: confirmedAt + FRESH_TIME }
  }

  /**
   * @param options.fresh whether credentials must have been shown lately
   * @throws StorageError `AuthenticationRequired`, `ConfirmationRequired`
   */
  assertOpen(token: string, { fresh = false, evenTakendown = false } = {}): void {
    const found = this.find(token, evenTakendown)
    if (!found) {
      throw new StorageError('AuthenticationRequired', 'You are not signed in any more')
    }
    if (fresh && found.freshUntil <= Date.now()) {
      throw new StorageError('ConfirmationRequired', 'Confirm that it is you, then try again')
    }
  }

  list(): BrowserSessionRow[] {
    return this.#table.list()
  }

  bindDevice(token: string, device: string): void {
    this.#table.bindDevice(hashToken(token), device)
  }

  deviceOf(token: string): string | undefined {
    return this.#table.deviceOf(hashToken(token))
  }

  close(token: string): void {
    this.#table.close(hashToken(token))
  }

  closeByHash(hash: string): void {
    this.#table.close(hash)
  }

  closeOfDevice(device: string): void {
    this.#table.closeOfDevice(device)
  }

  #open(session: NewBrowserSession): string {
    const token = makeToken()
    this.#table.open(hashToken(token), session)
    return token
  }
}

const expired = () => new StorageError('InvalidToken', 'This took too long: sign in again')
