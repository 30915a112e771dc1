import { createHmac } from 'node:crypto'

/**
 * What is stored of a token that was mailed: it has 50 random bits, of which every one could be tried, so the hash
 * says nothing without the host's secret. Case, blanks and the dash do not count.
 *
 * @param secret `PDS_JWT_SECRET`
 * @param purpose what the token proves; one for another purpose has another hash
 * @returns hex
 */
export function hashMailedToken(secret: string, purpose: string, token: string): string {
  const typed = token.replace(/[\s-]/g, '').toUpperCase()
  return createHmac('sha256', secret).update(`email token\0${purpose}\0${typed}`).digest('hex')
}
