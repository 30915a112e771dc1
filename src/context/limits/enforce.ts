/** Enforces the rate limits of a method on a request. */
import { createHash } from 'node:crypto'
import { typedIdentifier } from '../../kernel/typed-text.ts'
import { RateLimitError } from '../../services/objects/rate-limit-error.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Charge } from '../../storage/rate-counter.ts'
import type { RequestContext } from '../request.ts'
import { isolateLimits } from './isolate.ts'
import { accountTryLimits, type RateLimit, signUpLimits } from './policy.ts'

/** What a request is counted by. */
export interface LimitedRequest {
  auth?: unknown
  input?: unknown
}

/**
 * Counts a request against the limits of its method: exactly, in the caller's own object or in the
 * directory (in the object of it that the client's network belongs to), whichever of the two it is about.
 *
 * @throws RateLimitError
 */
export async function enforceLimits(
  limits: readonly RateLimit[] | undefined,
  { auth, input }: LimitedRequest,
  context: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  services: Pick<HostObjects, 'account' | 'directoryShard'>,
): Promise<void> {
  if (!limits || !context.limits.isLimited) return
  const did = didOf(auth)
  const charges = (by: RateLimit['by'], subject: string): Charge[] =>
    limits
      .filter((limit) => limit.by === by)
      .map(({ name, limit, window }) => ({ key: keyOf(name, subject), limit, window, points: 1 }))
  const { clientNetwork } = context
  refuseHere(limits, context)
  const own = did === undefined ? [] : charges('account', did)
  const shared = [
    ...charges('address', clientNetwork),
    ...charges('address and identifier', `${clientNetwork} ${identifierOf(input)}`),
  ]
  const statuses = await Promise.all([
    own.length > 0 && did !== undefined ? services.account(did).rateLimits.consume(own) : undefined,
    shared.length > 0
      ? services.directoryShard(clientNetwork).rateLimits.consume(shared)
      : undefined,
  ])
  for (const status of statuses) context.limits.note(status)
}

/** Addresses are personal data: what is stored of them is a hash. */
const keyOf = (name: string, subject: string): string =>
  createHash('sha256').update(`${name}\0${subject}`).digest('base64url').slice(0, 22)

const didOf = (auth: unknown): string | undefined =>
  auth && typeof auth === 'object' && 'did' in auth ? String(auth.did) : undefined

/**
 * What this isolate alone has seen too often from a network is refused without asking the directory, which counts for
 * all isolates: a flood costs it nothing.
 *
 * @throws RateLimitError
 */
function refuseHere(
  limits: readonly RateLimit[],
  { clientNetwork }: Pick<RequestContext, 'clientNetwork'>,
): void {
  for (const { by, name, ...rule } of limits) {
    if (by !== 'address') continue
    const status = isolateLimits.consumeOf(name, clientNetwork, rule)
    if (status.exceeded) throw new RateLimitError(status)
  }
}

/**
 * Counts a try of a password at an account, for the client's network, without saying so: the answer to one name of
 * the account must not show how often another was tried.
 *
 * @param subject DID of the account, or the name that nobody has
 * @returns whether the password may be looked at
 */
export async function countTry(
  subject: string,
  { limits, clientNetwork }: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  { directoryShard }: Pick<HostObjects, 'directoryShard'>,
): Promise<boolean> {
  if (!limits.isLimited) return true
  const charges = accountTryLimits.map(({ name, limit, window }) => ({
    key: keyOf(name, `${clientNetwork} ${subject}`),
    limit,
    window,
    points: 1,
  }))
  const status = await directoryShard(clientNetwork).rateLimits.consume(charges)
  return !status?.exceeded
}

/**
 * Counts a sign-up for the client's network.
 *
 * @returns a hash of the network, for telling how many sign-ups come from one; undefined where nothing is limited
 * @throws RateLimitError
 */
export async function countSignUp(
  context: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  services: Pick<HostObjects, 'account' | 'directoryShard'>,
): Promise<string | undefined> {
  if (!context.limits.isLimited) return undefined
  await enforceLimits(signUpLimits, {}, context, services)
  return keyOf('sign-up', context.clientNetwork)
}

const identifierOf = (input: unknown): string => textOf(input, 'identifier') || textOf(input, 'did')

function textOf(input: unknown, name: 'identifier' | 'did'): string {
  const value = input && typeof input === 'object' ? (input as Record<string, unknown>)[name] : ''
  return typeof value === 'string' ? typedIdentifier(value) : ''
}
