import { hashOfToken, makeToken } from '../../kernel/crypto/random-token.ts'
import { type Outcome, settle } from '../../services/objects/result.ts'
import { Visits } from '../../storage/account/browser-sessions.ts'
import { type Account, assertNotTakendown } from '../../storage/account/profile.ts'
import { measureUsage, type Usage } from '../../storage/account/usage.ts'
import { StorageError } from '../../storage/error.ts'
import { AccountPasskeys } from './passkeys.ts'

/** How long somebody whose password was right may take to enter a code, in ms. */
const CODE_TIME = 15 * 60 * 1000

/** What comes of a password on the account page. */
export type VisitAttempt =
  /** Signed in; the token is for the browser's cookie. */
  | { visit: string }
  /** The password was right. With the ticket and a code, `completeVisit` signs in. */
  | { ticket: string; wanted: string }
  /** The password was wrong. */
  | null

/** Who is signed in to the account page, in which browser. */
export class AccountVisits extends AccountPasskeys {
  readonly #visits = new Visits(this.parts.sql)

  /** @throws StorageError `AccountTakedown` */
  openVisit(password: string): Promise<Outcome<VisitAttempt>> {
    return settle(async () => {
      if (!(await this.isPassword(password))) return null
      assertNotTakendown(this.profile.get())
      try {
        await this.demandCode(undefined)
      } catch (error) {
        if (!(error instanceof StorageError) || error.name !== 'AuthFactorTokenRequired')
          throw error
        const ticket = makeToken()
        this.oneTime.add('password', hashOfToken(ticket), Date.now() + CODE_TIME)
        return { ticket, wanted: error.message }
      }
      return { visit: this.#open() }
    })
  }

  /**
   * @param ticket from `openVisit`; a wrong code does not use it up
   * @returns a token for the cookie
   * @throws StorageError `InvalidToken` for the ticket; as `demandCode` for the code
   */
  completeVisit(ticket: string, code: string): Promise<Outcome<string>> {
    return settle(async () => {
      const hash = hashOfToken(ticket)
      if (!this.oneTime.has('password', hash)) throw tooLate()
      await this.demandCode(code)
      assertNotTakendown(this.profile.get())
      if (!this.oneTime.use('password', hash)) throw tooLate()
      return this.#open()
    })
  }

  /** As `authenticatePasskey`. @returns a token for the cookie */
  openVisitByPasskey(id: string, answer: string): Promise<Outcome<string>> {
    return settle(async () => {
      await this.usePasskey(id, answer)
      return this.#open()
    })
  }

  /** Whoever has the token in their cookie, or null when the visit is over. */
  visitor(token: string): Promise<Outcome<Account | null>> {
    return settle(() => {
      const account = this.profile.get()
      if (account.status === 'takendown' || !this.#visits.see(hashOfToken(token))) return null
      return account
    })
  }

  closeVisit(token: string): void {
    this.#visits.close(hashOfToken(token))
  }

  /** What is stored for this account. */
  usage(): Promise<Outcome<Usage>> {
    return settle(() => {
      this.profile.get()
      return measureUsage(this.parts.storage.sql)
    })
  }

  /** Whoever changes the password does not trust those who know the old one. */
  override async setPassword(password: string): Promise<Outcome<void>> {
    try {
      return await super.setPassword(password)
    } finally {
      // Also when the apps could not be told: the password is another one by then.
      this.oneTime.forget('password')
      this.#visits.closeAll()
    }
  }

  #open(): string {
    const token = makeToken()
    this.#visits.open(hashOfToken(token))
    return token
  }
}

const tooLate = () => new StorageError('InvalidToken', 'This took too long: sign in again')
