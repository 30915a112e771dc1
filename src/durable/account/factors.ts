import type {
  Factors as FactorState,
  FactorsRpc,
  ShownFactor,
  TotpSetup,
} from '../../contracts/account/sign-in.ts'
import {
  makeRecoveryCodeKey,
  openCodeKeys,
  sealCodeKeys,
} from '../../services/factors/recovery-code-keys.ts'
import { hashRecoveryCode, makeRecoveryCodes } from '../../services/factors/recovery-codes.ts'
import { looksLikeTotp } from '../../services/factors/totp.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import type { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { rateLimited, StorageError } from '../../storage/error.ts'
import type { RateCounter } from '../../storage/rate-counter.ts'
import type { AccountCore } from './core.ts'
import type { Passwords } from './passwords.ts'
import type { Totp } from './totp.ts'

/** Wrong codes within an hour, after which six digits are not looked at any more. */
const GUESSES = { key: 'second factor', limit: 10, window: 60 * 60 * 1000 }

/** What second factors are checked with. */
export interface FactorParts {
  passwords: Pick<Passwords, 'verify'>
  totp: Totp
  recoveryCodes: RecoveryCodes
  rates: RateCounter
  /** Uses up a code that was mailed for signing in; false when it is wrong. */
  useMailedCode(code: string): Promise<boolean>
}

/** What an account asks for at sign-in beside the main password, and whether it was shown. */
export class Factors implements FactorsRpc {
  readonly #core: AccountCore
  readonly #parts: FactorParts

  constructor(core: AccountCore, parts: FactorParts) {
    this.#core = core
    this.#parts = parts
  }

  get(): FactorState {
    const { emailAuthFactor: email } = this.#core.profile.get()
    const { totp: app, recoveryCodes } = this.#parts
    const totp = app.isEnabled()
    return { totp, email, recoveryCodes: totp || email ? recoveryCodes.count() : 0 }
  }

  async authenticate(password: string, code?: string): Promise<Account | null> {
    const { profile, signOuts } = this.#core
    const before = signOuts.count()
    if (!(await this.#parts.passwords.verify(password))) return null
    await this.check(code)
    const account = profile.get()
    assertNotTakendown(account)
    signOuts.assertNoneSince(before)
    return account
  }

  /**
   * Attempts are counted before they are looked at, so that many at once are not more than one after the other.
   * Codes other than six digits are too long to be guessed: they are good also when no more guesses are left.
   */
  async check(code: string | undefined): Promise<ShownFactor> {
    const { totp, email } = this.get()
    if (!totp && !email) return null
    const typed = code?.trim() ?? ''
    if (typed === '') {
      throw new StorageError('AuthFactorTokenRequired', codeWanted({ totp, email }))
    }
    const { rates, totp: app, useMailedCode } = this.#parts
    const guesses = rates.consume([{ ...GUESSES, points: 1 }])
    let shown: ShownFactor = 'app'
    if (looksLikeTotp(typed)) {
      if (guesses?.exceeded) throw rateLimited(guesses)
      if (!(await app.use(typed))) throw wrongCode()
    } else if (await this.#useRecoveryCode(typed)) {
      shown = 'recovery code'
    } else {
      if (!email || !(await useMailedCode(typed))) throw wrongCode()
      shown = 'mail'
    }
    rates.consume([{ ...GUESSES, points: -1 }])
    return shown
  }

  beginTotp(): Promise<TotpSetup> {
    return this.#parts.totp.begin()
  }

  pendingTotp(): Promise<TotpSetup> {
    return this.#parts.totp.pending()
  }

  async enableTotp(code: string): Promise<string[]> {
    const { totp, recoveryCodes } = this.#parts
    await totp.confirm(code)
    return recoveryCodes.count() > 0 ? [] : this.#makeRecoveryCodes()
  }

  disableTotp(): void {
    this.#parts.totp.remove()
    this.#core.factsChanged()
    this.#removeUselessCodes()
  }

  setEmailFactor(on: boolean): void {
    const { profile } = this.#core
    if (on && profile.get().emailConfirmedAt === null) {
      throw new StorageError('InvalidRequest', 'Confirm the email address first')
    }
    profile.update({ emailAuthFactor: on ? 1 : 0 })
    this.#core.factsChanged()
    this.#removeUselessCodes()
  }

  async renewRecoveryCodes(): Promise<string[]> {
    const { totp, email } = this.get()
    if (!totp && !email) {
      throw new StorageError('InvalidRequest', 'Recovery codes go with a second factor')
    }
    return this.#makeRecoveryCodes()
  }

  async #makeRecoveryCodes(): Promise<string[]> {
    const codes = makeRecoveryCodes()
    const key = makeRecoveryCodeKey()
    const sealed = await sealCodeKeys(this.#core.config, [key])
    this.#core.storage.transactionSync(() =>
      this.#parts.recoveryCodes.replace(
        codes.map((code) => hashRecoveryCode(key, code)),
        sealed,
      ),
    )
    return codes
  }

  async #useRecoveryCode(code: string): Promise<boolean> {
    const { recoveryCodes } = this.#parts
    const keys = await openCodeKeys(this.#core.config, recoveryCodes.sealedKeys())
    return keys.some((key) => recoveryCodes.use(hashRecoveryCode(key, code)))
  }

  /** Recovery codes are of no use, and must not come back, when nothing is asked for beside the password. */
  #removeUselessCodes(): void {
    const { totp, email } = this.get()
    if (!totp && !email) this.#parts.recoveryCodes.replace([])
  }
}

/** The first is what the reference says, word for word, for apps that look at it. */
function codeWanted({ totp, email }: { totp: boolean; email: boolean }): string {
  if (!totp) return 'A sign in code has been sent to your email address'
  return email
    ? 'Enter the code of your authenticator app, or the one that has been sent to your email address'
    : 'Enter the code of your authenticator app'
}

/** Apps look for these words. */
const wrongCode = () => new StorageError('AuthenticationRequired', 'Token is invalid')
