/** Enforces the rate limits of a method on a request. */
import { createHash } from 'node:crypto'
import type { AccountLookup } from '../../services/accounts/account-lookup.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Charge } from '../../storage/rate-counter.ts'
import type { RequestContext } from '../request.ts'
import type { RateLimit } from './policy.ts'

/** What counting needs. */
export type LimitServices = Pick<HostObjects, 'account' | 'directory'> & {
  readonly accounts: Pick<AccountLookup, 'findByIdentifier'>
}

/** What a request is counted by. */
export interface LimitedRequest {
  auth?: unknown
  input?: unknown
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
  context: Pick<RequestContext, 'limits' | 'clientNetwork'>,
  services: LimitServices,
): Promise<void> {
  if (!limits || !context.limits.isLimited) return
  const did = didOf(auth)
  const charges = (by: RateLimit['by'], subject: string): Charge[] =>
    limits
      .filter((limit) => limit.by === by)
      .map(({ name, limit, window }) => ({ key: keyOf(name, subject), limit, window, points: 1 }))
  const { clientNetwork } = context
  const own = did === undefined ? [] : charges('account', did)
  const shared = [
    ...charges('address', clientNetwork),
    ...(limits.some(({ by }) => by === 'address and identifier')
      ? charges('address and identifier', `${clientNetwork} ${await subjectOf(input, services)}`)
      : []),
  ]
  const statuses = await Promise.all([
    own.length > 0 && did !== undefined ? services.account(did).rateLimits.consume(own) : undefined,
    shared.length > 0 ? services.directory.rateLimits.consume(shared) : undefined,
  ])
  for (const status of statuses) context.limits.note(status)
}

/** Addresses are personal data: what is stored of them is a hash. */
const keyOf = (name: string, subject: string): string =>
  createHash('sha256').update(`${name}\0${subject}`).digest('base64url').slice(0, 22)

const didOf = (auth: unknown): string | undefined =>
  auth && typeof auth === 'object' && 'did' in auth ? String(auth.did) : undefined

/** The DID of the account that is meant: all its names are one. What names no account counts for itself. */
async function subjectOf(input: unknown, { accounts }: LimitServices): Promise<string> {
  const identifier = textOf(input, 'identifier') || textOf(input, 'did')
  const found = identifier === '' ? undefined : await accounts.findByIdentifier(identifier)
  return found?.did ?? identifier.replace(/^@/, '')
}

function textOf(input: unknown, name: 'identifier' | 'did'): string {
  const value = input && typeof input === 'object' ? (input as Record<string, unknown>)[name] : ''
  return typeof value === 'string' ? value.trim().toLowerCase() : ''
}
