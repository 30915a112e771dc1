import type { PasswordsRpc } from '../../contracts/account/sign-in.ts'
import { hashAppPassword, hashPassword, verifyPassword } from '../../kernel/crypto/password.ts'
import type { AppPassword, AppPasswords } from '../../storage/account/app-passwords.ts'
import type { Sessions } from '../../storage/account/sessions.ts'
import type { AccountCore } from './core.ts'

/** What else ends with the password that gave access to it. */
export interface SignOut {
  /** Signs out of the account page in all browsers, and makes sign-ins that wait for a code worthless. */
  browsers(): void
  /** Ends what browsers and apps were given for the account by the OAuth server. */
  oauth(): Promise<void>
}

/** The main password and the app passwords of one account. */
export class Passwords implements PasswordsRpc {
  readonly #core: AccountCore
  readonly #appPasswords: AppPasswords
  readonly #sessions: Sessions
  readonly #signOut: SignOut

  constructor(core: AccountCore, appPasswords: AppPasswords, sessions: Sessions, signOut: SignOut) {
    this.#core = core
    this.#appPasswords = appPasswords
    this.#sessions = sessions
    this.#signOut = signOut
  }

  async verify(password: string): Promise<boolean> {
    const stored = this.#core.profile.passwordHash()
    return stored !== null && verifyPassword(password, stored)
  }

  async set(password: string): Promise<void> {
    const { profile } = this.#core
    profile.get()
    const hash = await hashPassword(password)
    profile.update({ password: hash })
    this.#sessions.closeAll()
    this.#signOut.browsers()
    await this.#signOut.oauth()
  }

  async addAppPassword(name: string, password: string, privileged: boolean): Promise<AppPassword> {
    const hash = await hashAppPassword(this.#core.profile.get().did, password)
    return this.#appPasswords.add(name, hash, privileged)
  }

  listAppPasswords(): AppPassword[] {
    return this.#appPasswords.list()
  }

  removeAppPassword(name: string): void {
    this.#appPasswords.remove(name)
    this.#sessions.closeOpenedWith(name)
  }

  /** The app password it is, null for the main password, undefined when it is neither. */
  async identify(password: string): Promise<AppPassword | null | undefined> {
    const { did } = this.#core.profile.get()
    if (await this.verify(password)) return null
    if (this.#appPasswords.isEmpty()) return undefined
    return this.#appPasswords.byHash(await hashAppPassword(did, password))
  }
}
