import type { OpenedSession } from '../../contracts/account/lifecycle.ts'
import type { SessionsRpc } from '../../contracts/account/sign-in.ts'
import { isStrong } from '../../services/factors/shown-factor.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import type { OpenSession, Sessions as SessionTable } from '../../storage/account/sessions.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'
import type { Factors } from './factors.ts'
import type { Passwords } from './passwords.ts'

/** Sessions of one account that were opened with a password. */
export class Sessions implements SessionsRpc {
  readonly #core: AccountCore
  readonly #table: SessionTable
  readonly #passwords: Passwords
  readonly #factors: Factors

  constructor(core: AccountCore, table: SessionTable, passwords: Passwords, factors: Factors) {
    this.#core = core
    this.#table = table
    this.#passwords = passwords
    this.#factors = factors
  }

  authorize(session: string | null, evenTakendown: boolean): Account {
    this.assertAuthorized(session, evenTakendown)
    return this.#core.profile.get()
  }

  /**
   * Lets a request with an access token pass: its session is open and the account is not taken down.
   *
   * @param session the session's family; null where another object has looked at the token; undefined for
   *   requests that need none
   * @throws StorageError `ExpiredToken`, `AccountTakedown`
   */
  assertAuthorized(session: string | null | undefined, evenTakendown = false): void {
    if (session === undefined) return
    if (session !== null) this.#table.assertOpen(session)
    if (!evenTakendown) assertNotTakendown(this.#core.profile.get())
  }

  async open(
    password: string,
    { allowTakendown = false, code }: { allowTakendown?: boolean; code?: string } = {},
  ): Promise<OpenedSession | null> {
    const { profile, signOuts } = this.#core
    const before = signOuts.count()
    const appPassword = await this.#passwords.identify(password)
    if (appPassword === undefined) return null
    const shown = appPassword === null ? await this.#factors.check(code) : null
    const account = profile.get()
    // What is left to an account that was taken down, to appeal and to leave, is its owner's, not an app's.
    if (!allowTakendown || appPassword) assertNotTakendown(account)
    signOuts.assertNoneSince(before)
    const name = appPassword?.name ?? null
    const scope = scopeOf(account, appPassword)
    return { account, session: this.#table.open(scope, name, isStrong(shown)) }
  }

  authorizeOperator(session: string): void {
    this.assertAuthorized(session)
    const { status } = this.#core.profile.get()
    if (status === 'active' && this.#table.hasFactor(session)) return
    throw new StorageError('AuthenticationRequired', 'An operator shows a second factor')
  }

  signOuts(): number {
    return this.#core.signOuts.count()
  }

  refresh(id: string): OpenedSession {
    const account = this.#core.profile.get()
    assertNotTakendown(account)
    return { account, session: this.#table.rotate(id) }
  }

  close(id: string): void {
    this.#table.close(id)
  }

  list(): OpenSession[] {
    return this.#table.list()
  }

  closeFamily(family: string): void {
    this.#table.closeFamily(family)
  }
}

function scopeOf({ status, awaitsApproval }: Account, appPassword: AppPassword | null): string {
  if (status === 'takendown') return 'com.atproto.takendown'
  if (awaitsApproval) return 'com.atproto.signupQueued'
  if (!appPassword) return 'com.atproto.access'
  return appPassword.privileged ? 'com.atproto.appPassPrivileged' : 'com.atproto.appPass'
}
