/** The operator, by HTTP Basic. */
import { createHash } from 'node:crypto'
import { AuthRequiredError } from '@atproto/xrpc-server'
import type { AdminCredentials } from '../../context/credentials.ts'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'
import { RateLimitError } from '../../services/objects/rate-limit-error.ts'

/** For how long a network that knew the password is not counted again, in ms. */
const TRUST = 5 * 60 * 1000
/** Networks that are remembered. */
const MAX_TRUSTED = 1_000

/** Of this isolate: when a network last knew the password, in ms since the epoch. */
const trusted = new Map<string, number>()

/**
 * Whether a password is the operator's. Wrong ones are counted by network and logged; who has tried too many waits
 * longer and longer, also with the right one (`src/storage/directory/lockouts.ts`).
 *
 * @param value of the Authorization header
 * @throws AuthRequiredError; RateLimitError
 */
export async function authenticateOperator(
  value: string,
  { limits, clientNetwork, log }: Pick<RequestContext, 'limits' | 'clientNetwork' | 'log'>,
  { config, directory }: Pick<Services, 'config' | 'directory'>,
): Promise<AdminCredentials> {
  const expected = config.adminPassword
  const given = Buffer.from(value, 'base64').toString('utf8')
  const isRight = expected !== undefined && equalSecrets(given, `admin:${expected}`)
  const isTrusted = (trusted.get(clientNetwork) ?? 0) > Date.now() - TRUST
  if (limits.isLimited && !(isRight && isTrusted)) {
    // Addresses are personal data: what is stored of them is a hash.
    const key = createHash('sha256').update(`operator\0${clientNetwork}`).digest('base64url')
    const lockedUntil = await directory.lockouts.attempt(key, isRight)
    if (lockedUntil !== undefined) throw lockedOut(lockedUntil)
    if (isRight) trust(clientNetwork)
  }
  if (isRight) return { type: 'admin', actor: 'admin' }
  // Whoever guesses from the operator's network must not see by an answer which guess is right.
  trusted.delete(clientNetwork)
  log.error('sign-in of the operator failed', 'wrong password', { from: clientNetwork })
  throw new AuthRequiredError()
}

function trust(network: string): void {
  if (trusted.size >= MAX_TRUSTED) trusted.clear()
  trusted.set(network, Date.now())
}

const lockedOut = (resetAt: number) =>
  new RateLimitError({
    limit: 0,
    remaining: 0,
    window: resetAt - Date.now(),
    resetAt,
    exceeded: true,
  })
