/** How often methods may be called, as data in their handlers. The figures are the reference PDS's. */
import type { RateLimitRule } from '../../storage/rate-limit.ts'

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A limit on one method. */
export interface RateLimit extends RateLimitRule {
  /** Limits of one name are one count, whichever methods they are on. */
  name: string
  /**
   * For whom it is counted: the client's address (an IPv6 one with its /64); the signed-in account; or the pair of
   * address and the `identifier` or `did` in the input, so that guesses at one account do not lock its owner out
   * elsewhere.
   */
  by: 'address' | 'account' | 'address and identifier'
}

/** For rate limits. */
export const perFiveMinutes = (limit: number): RateLimitRule => ({ limit, window: 5 * MINUTE })
export const perHour = (limit: number): RateLimitRule => ({ limit, window: HOUR })
export const perDay = (limit: number): RateLimitRule => ({ limit, window: DAY })

const limits =
  (by: RateLimit['by']) =>
  (name: string, ...rules: RateLimitRule[]): readonly RateLimit[] =>
    rules.map((allowance) => ({ ...allowance, by, name: `${name} ${allowance.window}` }))

/** Limits that count calls by the address that they come from. The name: see `RateLimit`. */
export const byAddress = limits('address')
/** Limits that count calls by the account that is signed in. */
export const byAccount = limits('account')

/** Guesses at any account from one address. */
export const signInFromAddressLimits = byAddress(
  'sign in to any',
  perFiveMinutes(100),
  perDay(1000),
)
/** For every place where a password is tried: guesses at one name, which the answer tells of, and at any. */
export const signInLimits = [
  ...limits('address and identifier')('sign in', perFiveMinutes(30), perDay(300)),
  ...signInFromAddressLimits,
]
/** The same for an account, by whatever names: the answer tells nothing of that (`countTry`). */
export const accountTryLimits = limits('address and identifier')(
  'sign in to account',
  perFiveMinutes(30),
  perDay(300),
)
export const createAccountLimits = byAddress('create account', perFiveMinutes(100))
/** Accounts that people make for themselves; the operator's do not count. */
export const signUpLimits = byAddress('sign up', perHour(20), perDay(50))
export const deleteAccountLimits = byAddress('delete account', perFiveMinutes(50))
export const requestPasswordResetLimits = byAddress('request reset', perHour(15), perDay(50))
export const resetPasswordLimits = byAddress('reset password', perFiveMinutes(50))
export const reserveKeyLimits = byAddress('reserve key', perFiveMinutes(50))
/** Each makes this host ask others. */
export const refreshIdentityLimits = byAddress('refresh identity', perFiveMinutes(100))

export const mailLimits = byAccount('mail', perHour(5), perDay(15))
/** Each costs a hash. */
export const appPasswordLimits = byAccount('app password', perHour(20), perDay(50))
/** Each reads everything that is stored for the account. */
export const archiveLimits = byAccount('archive', perHour(5), perDay(15))
export const updateHandleLimits = byAccount('update handle', perFiveMinutes(10), perDay(50))
export const importRepoLimits = byAccount('import repo', perDay(10))
/** Reports that are stored here. */
export const createReportLimits = byAccount('create report', perFiveMinutes(10), perDay(50))
