/** Enforces the rate limits of a method on a request. */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import { RateLimitError } from '../../services/objects/rate-limit-error.ts'
import type { Budget, Spending } from '../../storage/rate-counter.ts'
import type { RateLimit } from './policy.ts'

/** What a request is counted by. */
export interface LimitedRequest {
  auth: unknown
  input: unknown
}

/**
 * Counts a request against the limits of its method: exactly, in the caller's own object or in the
 * directory, whichever of the two it is about.
 *
 * @throws RateLimitError
 */
export async function enforceLimits(
  limits: readonly RateLimit[] | undefined,
  { auth, input }: LimitedRequest,
  app: App,
): Promise<void> {
  if (!limits || !app.isLimited) return
  const did = didOf(auth)
  const spendings = (by: RateLimit['by'], subject: string): Spending[] =>
    limits
      .filter((limit) => limit.by === by)
      .map(({ name, limit, window }) => ({ key: keyOf(name, subject), limit, window, points: 1 }))
  const own = did === undefined ? [] : spendings('account', did)
  const shared = [
    ...spendings('address', app.clientAddress),
    ...spendings('address and identifier', `${app.clientAddress} ${identifierOf(input)}`),
  ]
  const budgets = await Promise.all([
    own.length > 0 && did !== undefined ? app.account(did).spend(own) : undefined,
    shared.length > 0 ? app.directory.spend(shared) : undefined,
  ])
  for (const budget of budgets) noteBudget(app, budget)
}

/** Lets the client see what is left. @throws RateLimitError when it is nothing */
export function noteBudget(app: App, budget: Budget | undefined): void {
  if (!budget) return
  if (budget.exceeded) throw new RateLimitError(budget)
  app.budgets.push(budget)
}

/** Addresses are nobody's business: what is kept of them is a hash. */
const keyOf = (name: string, subject: string): string =>
  createHash('sha256').update(`${name}\0${subject}`).digest('base64url').slice(0, 22)

const didOf = (auth: unknown): string | undefined =>
  auth && typeof auth === 'object' && 'did' in auth ? String(auth.did) : undefined

const identifierOf = (input: unknown): string =>
  input && typeof input === 'object' && 'identifier' in input
    ? String(input.identifier).trim().toLowerCase()
    : ''
