/** How many mails may leave: to one address, about one account, and of the whole host. */
import { createHash } from 'node:crypto'
import type { MailBudgetLimits, PerHourAndDay } from '../../kernel/config/mail-settings.ts'
import type { Charge, RateCounter } from '../rate-counter.ts'
import type { RateLimitStatus } from '../rate-limit.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

/** How long what was dropped is counted, in days. */
const KEEP_DAYS = 30

export class MailBudgets {
  readonly #sql: SqlStorage
  readonly #counter: RateCounter
  readonly #limits: MailBudgetLimits

  constructor(sql: SqlStorage, counter: RateCounter, limits: MailBudgetLimits) {
    this.#sql = sql
    this.#counter = counter
    this.#limits = limits
  }

  /**
   * Counts a mail against all budgets, or, if one of them is used up, against none.
   *
   * @returns the budget that is used up; undefined: the mail may leave
   */
  spend(address: string, did: string): RateLimitStatus | undefined {
    return this.#spend([
      ...charges('mails to', fingerprint(address), this.#limits.address),
      ...charges('mails about', did, this.#limits.account),
      ...this.#ofHost(),
    ])
  }

  /**
   * Counts somebody's wish that something is mailed to an address, whether or not there is an account with it: what
   * is answered must tell nothing of that. Other mails to the address therefore do not count here.
   */
  spendWish(address: string): RateLimitStatus | undefined {
    return (
      this.#counter.exceeded(this.#ofHost()) ??
      this.#spend(charges('wishes for', fingerprint(address), this.#limits.address))
    )
  }

  /** A mail was not queued, as there was no room for it. @param now ms since the epoch */
  noteDropped(now: number): void {
    this.#sql.exec(
      `INSERT INTO dropped_mail (day, mails) VALUES (?, 1)
         ON CONFLICT (day) DO UPDATE SET mails = mails + 1`,
      Math.floor(now / DAY),
    )
  }

  /** How many were dropped in the last 30 days. */
  dropped(): number {
    return this.#sql
      .exec<{ mails: number }>('SELECT coalesce(sum(mails), 0) AS mails FROM dropped_mail')
      .one().mails
  }

  prune(now: number): void {
    this.#sql.exec('DELETE FROM dropped_mail WHERE day < ?', Math.floor(now / DAY) - KEEP_DAYS)
  }

  #ofHost(): Charge[] {
    return charges('mails of', 'this host', this.#limits.host)
  }

  #spend(all: readonly Charge[]): RateLimitStatus | undefined {
    const exceeded = this.#counter.exceeded(all)
    if (exceeded) return exceeded
    this.#counter.consume(all)
    return undefined
  }
}

const charges = (what: string, whom: string, limits: PerHourAndDay | undefined): Charge[] =>
  limits
    ? [
        { key: `${what} ${whom} per hour`, limit: limits.hour, window: HOUR, points: 1 },
        { key: `${what} ${whom} per day`, limit: limits.day, window: DAY, points: 1 },
      ]
    : []

/** Addresses are personal data, and those of strangers as long as they like. */
const fingerprint = (address: string): string =>
  createHash('sha256').update(address.toLowerCase()).digest('base64url').slice(0, 22)
