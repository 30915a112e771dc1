import { hashRecoveryCode, makeRecoveryCodes } from '../../services/factors/recovery-codes.ts'
import { looksLikeTotp } from '../../services/factors/totp.ts'
import { hashToken } from '../../services/mail/tokens.ts'
import { type Outcome, settle } from '../../services/objects/result.ts'
import { directory } from '../../services/objects/stubs.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { BudgetError, StorageError } from '../../storage/error.ts'
import { AccountTotp } from './totp.ts'

/** What an account asks for beside the main password. */
export interface Factors {
  /** An authenticator app. */
  totp: boolean
  /** A code by mail. */
  email: boolean
  /** How many recovery codes are left. */
  recoveryCodes: number
}

/** Wrong codes within an hour, after which six digits are not looked at any more. */
const GUESSES = { key: 'second factor', limit: 10, window: 60 * 60 * 1000 }

/** What an account asks for at sign-in beside the main password, and whether it was shown. */
export class AccountFactors extends AccountTotp {
  readonly #recovery = new RecoveryCodes(this.parts.sql)

  factors(): Promise<Outcome<Factors>> {
    return settle(() => this.#factors())
  }

  /**
   * Whether `password` is the main one, and `code` what is asked for beside it, which is used up.
   *
   * @returns null when the password is wrong
   * @throws StorageError as `demandCode`; `AccountTakedown`
   */
  authenticate(password: string, code?: string): Promise<Outcome<Account | null>> {
    return settle(async () => {
      if (!(await this.isPassword(password))) return null
      await this.demandCode(code)
      const account = this.profile.get()
      assertNotTakendown(account)
      return account
    })
  }

  /** For those who have checked the password themselves. @throws StorageError as `demandCode` */
  checkCode(code: string | undefined): Promise<Outcome<void>> {
    return settle(() => this.demandCode(code))
  }

  /**
   * Puts the authenticator app into use, which a code of it shows to be set up rightly.
   *
   * @returns recovery codes, to be shown this once; none where there are some already
   * @throws StorageError `InvalidRequest`, `InvalidToken`
   */
  enableTotp(code: string): Promise<Outcome<string[]>> {
    return settle(async () => {
      await this.confirmTotp(code)
      return this.#recovery.count() > 0 ? [] : this.#makeRecoveryCodes()
    })
  }

  disableTotp(): void {
    this.forgetTotp()
    this.#tidy()
  }

  /** @throws StorageError `InvalidRequest` when nobody has confirmed the address */
  setEmailFactor(on: boolean): Promise<Outcome<void>> {
    return settle(() => {
      if (on && this.profile.get().emailConfirmedAt === null) {
        throw new StorageError('InvalidRequest', 'Confirm the email address first')
      }
      this.profile.update({ emailAuthFactor: on ? 1 : 0 })
      this.#tidy()
    })
  }

  /** Makes new recovery codes, to be shown this once; those before work no more. */
  renewRecoveryCodes(): Promise<Outcome<string[]>> {
    return settle(() => {
      const { totp, email } = this.#factors()
      if (!totp && !email) {
        throw new StorageError('InvalidRequest', 'Recovery codes go with a second factor')
      }
      return this.#makeRecoveryCodes()
    })
  }

  /**
   * Demands what is asked for beside the main password, and uses it up. Attempts are counted before they are
   * looked at, so that many at once are not more than one after the other. Codes other than six digits are too
   * long to be guessed: they are good also when no more guesses are left.
   *
   * @throws StorageError `AuthFactorTokenRequired` (401) when there is no code, `AuthenticationRequired` (401)
   *   when it is wrong or was used before; BudgetError
   */
  protected override async demandCode(code: string | undefined): Promise<void> {
    const { totp, email } = this.#factors()
    if (!totp && !email) return
    const typed = code?.trim() ?? ''
    if (typed === '') {
      throw new StorageError('AuthFactorTokenRequired', codeWanted({ totp, email }), 401)
    }
    const budget = this.spend([{ ...GUESSES, points: 1 }])
    if (looksLikeTotp(typed)) {
      if (budget?.exceeded) throw new BudgetError(budget)
      if (!(await this.useTotp(typed))) throw wrongCode()
    } else if (!this.#recovery.use(hashRecoveryCode(this.config.keySecret, typed))) {
      if (!email || !(await this.#useMailed(typed))) throw wrongCode()
    }
    this.spend([{ ...GUESSES, points: -1 }])
  }

  async #useMailed(code: string): Promise<boolean> {
    const { did } = this.profile.get()
    const hash = hashToken(this.config, 'sign_in', code)
    return (await directory(this.env).consumeToken('sign_in', hash, did)).ok
  }

  #factors(): Factors {
    const { emailAuthFactor: email } = this.profile.get()
    const totp = this.hasTotp()
    return { totp, email, recoveryCodes: totp || email ? this.#recovery.count() : 0 }
  }

  #makeRecoveryCodes(): string[] {
    const codes = makeRecoveryCodes()
    const { keySecret } = this.config
    this.parts.storage.transactionSync(() =>
      this.#recovery.replace(codes.map((code) => hashRecoveryCode(keySecret, code))),
    )
    return codes
  }

  /** Recovery codes are of no use, and must not come back, when nothing is asked for beside the password. */
  #tidy(): void {
    const { totp, email } = this.#factors()
    if (!totp && !email) this.#recovery.replace([])
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
const wrongCode = () => new StorageError('AuthenticationRequired', 'Token is invalid', 401)
