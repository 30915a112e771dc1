/**
 * Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what all
 * apps understand. A code of the step before or after is taken too, since clocks differ.
 */
import { createHmac, randomBytes } from 'node:crypto'

const ALGORITHM = {
  algorithm: 'SHA1',
  digits: 6,
  period: 30,
  // The library would bring its own.
  hmac: (_: string, key: Uint8Array, message: Uint8Array): Uint8Array =>
    createHmac('sha1', key).update(message).digest(),
} as const
const WINDOW = 1

/** RFC 4226, section 4, R6: 160 bits. */
const SECRET_LENGTH = 20

/** What the secret is sealed for (`src/kernel/crypto/encrypt.ts`). */
export const TOTP_SECRET = 'authenticator app'

/** Loaded when an account has an authenticator app, or gets one. */
const library = () => import('otpauth/bare')

export const makeTotpSecret = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(randomBytes(SECRET_LENGTH))

/** Whether somebody has typed what an app shows: six digits, blanks aside. */
export const looksLikeTotp = (code: string): boolean => /^\d{6}$/.test(code.replace(/\s/g, ''))

/**
 * The time step that a code is of.
 *
 * @param now ms since the epoch
 * @returns undefined when the code is wrong
 */
export async function totpStep(
  secret: Uint8Array,
  code: string,
  now = Date.now(),
): Promise<number | undefined> {
  const { Secret, TOTP } = await library()
  const totp = new TOTP({ ...ALGORITHM, secret: new Secret({ buffer: bufferOf(secret) }) })
  const token = code.replace(/\s/g, '')
  const delta = totp.validate({ token, timestamp: now, window: WINDOW })
  return delta === null ? undefined : totp.counter({ timestamp: now }) + delta
}

/** What an authenticator app is told: an `otpauth:` address for a QR code, and the secret to be typed. */
export async function describeTotp(
  secret: Uint8Array,
  { handle, hostname }: { handle: string; hostname: string },
): Promise<{ uri: string; secret: string }> {
  const { Secret, TOTP } = await library()
  const shared = new Secret({ buffer: bufferOf(secret) })
  const totp = new TOTP({ ...ALGORITHM, issuer: hostname, label: handle, secret: shared })
  return { uri: totp.toString(), secret: shared.base32 }
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer
