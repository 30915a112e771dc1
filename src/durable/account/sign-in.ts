import { createServiceJwt } from '@atproto/xrpc-server'
import { hashAppPassword, hashPassword, verifyPassword } from '../../kernel/crypto/password.ts'
import { type Outcome, settle } from '../../services/objects/result.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import type { Preference } from '../../storage/account/preferences.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import type { Session } from '../../storage/account/sessions.ts'
import { AccountRepository } from './repository.ts'

/** A session that was opened or refreshed, and whose it is. */
export interface OpenedSession {
  account: Account
  session: Session
}

/** Lifetime of a service token and what it is good for. */
export interface ServiceTokenInput {
  aud: string
  lxm: string | null
  /** Seconds since the epoch. */
  exp?: number
  /** Family of the session that asks for it; null: an OAuth token; undefined: the server itself does. */
  session?: string | null
  /** Whether an account that was taken down gets one. Default: it does. */
  evenTakendown?: boolean
}

/** Passwords, app passwords and sessions of one account, and tokens in its name for other services. */
export class AccountSignIn extends AccountRepository {
  getAccount(): Promise<Outcome<Account>> {
    return settle(() => this.profile.get())
  }

  /**
   * The account behind an access token, provided that its session is open.
   *
   * @param session the family that the token names; null for an OAuth token, which was looked up
   * @param evenTakendown whether an account that was taken down is let pass
   */
  admit(session: string | null, evenTakendown: boolean): Promise<Outcome<Account>> {
    return settle(() => {
      this.admitSession(session, evenTakendown)
      return this.profile.get()
    })
  }

  /** Whether `password` is the main password, second factors aside. Takes some 60 ms of CPU. */
  checkPassword(password: string): Promise<Outcome<boolean>> {
    return settle(() => this.isPassword(password))
  }

  /**
   * Opens a session, if `password` is the main one or an app password. A taken-down account gets one only
   * if it asks for it, with tokens that are good for moving away. App passwords are for apps that know no second
   * factor, and take none.
   *
   * @returns null when the password is wrong
   * @throws StorageError as `demandCode`
   */
  openSession(
    password: string,
    { allowTakendown = false, code }: { allowTakendown?: boolean; code?: string } = {},
  ): Promise<Outcome<OpenedSession | null>> {
    return settle(async () => {
      const appPassword = await this.#identify(password)
      if (appPassword === undefined) return null
      if (appPassword === null) await this.demandCode(code)
      const account = this.profile.get()
      if (!allowTakendown) assertNotTakendown(account)
      const name = appPassword?.name ?? null
      const scope = account.status === 'takendown' ? 'com.atproto.takendown' : scopeOf(appPassword)
      return { account, session: this.sessions.open(scope, name) }
    })
  }

  /** Trades the refresh token `id` for its successor. */
  rotateSession(id: string): Promise<Outcome<OpenedSession>> {
    return settle(() => {
      const account = this.profile.get()
      assertNotTakendown(account)
      return { account, session: this.sessions.rotate(id) }
    })
  }

  closeSession(id: string): void {
    this.sessions.close(id)
  }

  /** Sets the main password and signs out everywhere, browsers and apps included. */
  setPassword(password: string): Promise<Outcome<void>> {
    return settle(async () => {
      this.profile.get()
      const hash = await hashPassword(password)
      this.profile.update({ password: hash })
      this.sessions.closeAll()
      await this.endOAuth()
    })
  }

  addAppPassword(
    name: string,
    password: string,
    privileged: boolean,
  ): Promise<Outcome<AppPassword>> {
    return settle(async () => {
      const hash = await hashAppPassword(this.profile.get().did, password)
      return this.appPasswords.add(name, hash, privileged)
    })
  }

  listAppPasswords(): AppPassword[] {
    return this.appPasswords.list()
  }

  /** Removes an app password and ends the sessions that it opened. */
  removeAppPassword(name: string): void {
    this.appPasswords.remove(name)
    this.sessions.closeOpenedWith(name)
  }

  /** Sets the address, which nobody has confirmed then. */
  setEmail(email: string): Promise<Outcome<void>> {
    return settle(() => {
      this.profile.get()
      this.profile.update({ email, emailConfirmedAt: null, emailAuthFactor: 0 })
    })
  }

  /** @param email the address that was confirmed; another one may have taken its place meanwhile */
  confirmEmail(email: string): Promise<Outcome<boolean>> {
    return settle(() => {
      if (this.profile.get().email !== email) return false
      this.profile.update({ emailConfirmedAt: new Date().toISOString() })
      return true
    })
  }

  /** Everything the owner set, or without what only the main password may see. */
  getPreferences(all: boolean): Promise<Outcome<Preference[]>> {
    return settle(() => {
      this.profile.get()
      return this.preferences.get(all)
    })
  }

  /** Sets all preferences, or all but those that only the main password may change. */
  setPreferences(preferences: readonly Preference[], all: boolean): Promise<Outcome<void>> {
    return settle(() => {
      this.profile.get()
      this.parts.storage.transactionSync(() => this.preferences.set(preferences, all))
    })
  }

  /** A service auth token signed with the account's key. */
  signServiceToken(input: ServiceTokenInput): Promise<Outcome<string>> {
    return settle(() => this.#signServiceToken(input))
  }

  /**
   * The same, and the rev that the repository is at: from it and from the rev in the answer follows whether
   * the service lags behind, without asking here again.
   */
  signServiceTokenAtRev(
    input: ServiceTokenInput,
  ): Promise<Outcome<{ token: string; rev: string }>> {
    return settle(async () => {
      const token = await this.#signServiceToken(input)
      return { token, rev: this.repo.head().rev }
    })
  }

  async #signServiceToken(input: ServiceTokenInput): Promise<string> {
    const { aud, lxm, exp, session, evenTakendown = true } = input
    const keypair = await this.signingKey()
    this.admitSession(session, evenTakendown)
    const { did } = this.profile.get()
    return createServiceJwt({ iss: did, aud, lxm, exp, keypair })
  }

  /** Lets whoever knows the main password pass, given what else they have to show. */
  protected async demandCode(_code: string | undefined): Promise<void> {}

  protected async isPassword(password: string): Promise<boolean> {
    const stored = this.profile.passwordHash()
    return stored !== null && verifyPassword(password, stored)
  }

  /** The app password it is, null for the main password, undefined when it is neither. */
  async #identify(password: string): Promise<AppPassword | null | undefined> {
    const { did } = this.profile.get()
    if (await this.isPassword(password)) return null
    if (this.appPasswords.isEmpty()) return undefined
    return this.appPasswords.byHash(await hashAppPassword(did, password))
  }
}

function scopeOf(appPassword: AppPassword | null): string {
  if (!appPassword) return 'com.atproto.access'
  return appPassword.privileged ? 'com.atproto.appPassPrivileged' : 'com.atproto.appPass'
}
