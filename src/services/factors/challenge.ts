/**
 * Challenges for signing in with a passkey. When one is made nobody knows whose passkey will answer it, so nothing
 * is stored then: a challenge carries when it ends, and a MAC. Once answered it is noted with the account that
 * answered, which sees to it that no answer counts twice.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { equalSecrets } from '../../kernel/crypto/equal-secrets.ts'

/** How long somebody may take to answer, in ms. */
export const CHALLENGE_LIFETIME = 5 * 60 * 1000

/** @returns base64url: `<expires, ms, base 36>` and 128 random bits, then their MAC */
export function makeChallenge(secret: string, now = Date.now()): string {
  const expires = (now + CHALLENGE_LIFETIME).toString(36)
  const body = `${expires}.${randomBytes(16).toString('base64url')}`
  return Buffer.from(`${body}.${macOf(secret, body)}`).toString('base64url')
}

/**
 * When a challenge ends, in ms since the epoch.
 *
 * @param secrets of which any may have made it
 * @returns undefined when it is not one of this host, or has ended
 */
export function challengeExpiry(
  secrets: readonly string[],
  challenge: string,
  now = Date.now(),
): number | undefined {
  const [expires = '', random = '', mac = ''] = Buffer.from(challenge, 'base64url')
    .toString('latin1')
    .split('.')
  const body = `${expires}.${random}`
  if (!secrets.some((secret) => equalSecrets(mac, macOf(secret, body)))) return undefined
  const expiry = Number.parseInt(expires, 36)
  return expiry > now ? expiry : undefined
}

const macOf = (secret: string, body: string): string =>
  createHmac('sha256', secret).update(`passkey challenge\0${body}`).digest('base64url')
