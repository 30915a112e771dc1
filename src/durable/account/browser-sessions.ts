import type { BrowserSessionsRpc, BrowserSignIn } from '../../contracts/account/sign-in.ts'
import { hashToken, makeToken } from '../../kernel/crypto/random-token.ts'
import { isStrong } from '../../services/factors/shown-factor.ts'
import type {
  BrowserSessions as BrowserSessionTable,
  OpenBrowserSession,
} from '../../storage/account/browser-sessions.ts'
import type { OneTime } from '../../storage/account/one-time.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
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

  async open(password: string): Promise<BrowserSignIn> {
    const { passwords, factors, oneTime } = this.#parts
    const { signOuts } = this.#core
    const before = signOuts.count()
    if (!(await passwords.verify(password))) return null
    assertNotTakendown(this.#core.profile.get())
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
    return { token: this.#open(false) }
  }

  async complete(ticket: string, code: string): Promise<string> {
    const { factors, oneTime } = this.#parts
    const hash = hashToken(ticket)
    if (!oneTime.has('password', hash)) throw expired()
    const shown = await factors.check(code)
    assertNotTakendown(this.#core.profile.get())
    if (!oneTime.use('password', hash)) throw expired()
    return this.#open(isStrong(shown))
  }

  async openByPasskey(id: string, answer: string): Promise<string> {
    const before = this.#core.signOuts.count()
    await this.#parts.passkeys.authenticate(id, answer)
    this.#core.signOuts.assertNoneSince(before)
    return this.#open(true)
  }

  find(token: string): (Account & OpenBrowserSession) | null {
    const account = this.#core.profile.get()
    if (account.status === 'takendown') return null
    const session = this.#table.touch(hashToken(token))
    return session ? { ...account, ...session } : null
  }

  async showCode(token: string, code: string): Promise<void> {
    this.assertOpen(token)
    const before = this.#core.signOuts.count()
    if (!isStrong(await this.#parts.factors.check(code))) {
      throw new StorageError('AuthenticationRequired', 'Token is invalid', 401)
    }
    this.#noteFactor(token, before)
  }

  async showPasskey(token: string, id: string, answer: string): Promise<void> {
    this.assertOpen(token)
    const before = this.#core.signOuts.count()
    await this.#parts.passkeys.authenticate(id, answer)
    this.#noteFactor(token, before)
  }

  /** @param before sign-outs when the factor was begun to be looked at */
  #noteFactor(token: string, before: number): void {
    this.#core.signOuts.assertNoneSince(before)
    this.assertOpen(token)
    this.#table.noteFactor(hashToken(token))
  }

  /** @throws StorageError `AuthenticationRequired` */
  assertOpen(token: string): void {
    if (this.find(token)) return
    throw new StorageError('AuthenticationRequired', 'You are not signed in any more', 401)
  }

  close(token: string): void {
    this.#table.close(hashToken(token))
  }

  #open(factor: boolean): string {
    const token = makeToken()
    this.#table.open(hashToken(token), factor)
    return token
  }
}

const expired = () => new StorageError('InvalidToken', 'This took too long: sign in again')
