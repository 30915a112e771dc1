/**
 * Passwords at rest: native scrypt with a random salt. It takes some 60 ms of CPU, so it runs inside
 * Durable Objects, whose CPU limit is 30 s, never in the Worker, which may have 10 ms.
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const KEY_LENGTH = 64
/** scrypt's cost parameters; the strength of a stored hash is written beside it. */
const COST = { N: 16_384, r: 8, p: 1 }

/** @returns `scrypt$<N>$<r>$<p>$<salt>$<hash>`, the last two in hex */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, COST)
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('hex'), hash.toString('hex')].join('$')
}

/** Whether `password` is the one that was hashed; takes the same time either way. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, n, r, p, salt = '', hash = ''] = stored.split('$')
  if (scheme !== 'scrypt') return false
  const cost = { N: Number(n), r: Number(r), p: Number(p) }
  const derived = await derive(password, Buffer.from(salt, 'hex'), cost)
  return timingSafeEqual(derived, Buffer.from(hash, 'hex'))
}

/**
 * Hashes an app password, which is random and long, with a salt that is the account's own: so one hash is
 * enough to look for it among all of them.
 *
 * @returns hex
 */
export async function hashAppPassword(did: string, password: string): Promise<string> {
  const salt = createHash('sha256').update(did).digest().subarray(0, 16)
  return (await derive(password, salt, COST)).toString('hex')
}

function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_LENGTH, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
