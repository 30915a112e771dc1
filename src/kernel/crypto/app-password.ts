import { randomInt } from 'node:crypto'

/** Base32: no letters or digits that people mistake for each other. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Whether a text could be one. */
export const looksLikeAppPassword = (text: string): boolean =>
  /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/.test(text)

/** `xxxx-xxxx-xxxx-xxxx`, 80 random bits. */
export function makeAppPassword(): string {
  const part = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return Array.from({ length: 4 }, part).join('-')
}
