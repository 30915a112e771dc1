/** Codes for when nothing else is at hand: 50 random bits each, which nobody guesses. Each works once. */
import { createHmac } from 'node:crypto'
import { makeShortCode } from '../../kernel/crypto/short-code.ts'

/** How many codes there are at first. */
export const RECOVERY_CODES = 10

export const makeRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => makeShortCode())

/**
 * What is kept of a code: it says nothing without the key. Case, blanks and the dash do not count.
 */
export function hashRecoveryCode(key: string | Uint8Array, code: string): string {
  const typed = code.replace(/[\s-]/g, '').toLowerCase()
  return createHmac('sha256', key).update(`recovery code\0${typed}`).digest('hex')
}
