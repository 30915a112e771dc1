import { randomInt } from 'node:crypto'

/** Base32: no letters or digits that people mistake for each other. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** `xxxx-xxxx-xxxx-xxxx`, 80 random bits. */
export function makeAppPassword(): string {
  const part = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return Array.from({ length: 4 }, part).join('-')
}
