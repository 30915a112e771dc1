/** Random tokens, for links and cookies: 256 bits, of which only a hash is kept. */
import { createHash, randomBytes } from 'node:crypto'

/** base64url, 43 characters. */
export const makeToken = (): string => randomBytes(32).toString('base64url')

/** Hex. A plain hash is enough: nobody tries 2^256 tokens. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')
