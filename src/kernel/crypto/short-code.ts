import { base32 } from 'multiformats/bases/base32'

/** `xxxxx-xxxxx` in base32, 50 random bits: short enough to be typed, in mails and invitations. */
export function makeShortCode(): string {
  const text = base32.baseEncode(crypto.getRandomValues(new Uint8Array(7)))
  return `${text.slice(0, 5)}-${text.slice(5, 10)}`
}
