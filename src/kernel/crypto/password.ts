/**
 * Passwords at rest: scrypt with a random salt. It takes some 60 ms of CPU, so it runs inside Durable Objects, whose
 * CPU limit is 30 s, never in the Worker, which may have 10 ms. On plain workerd, where all objects share one thread,
 * another process does it (`cli/host/password-hasher.ts`).
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Leases } from './leases.ts'
import type { RemoteHasher } from './remote-hasher.ts'

const KEY_LENGTH = 64
/** scrypt's cost parameters; the strength of a stored hash is written beside it. */
const COST = { N: 16_384, r: 8, p: 1 }

/** Hashes on the thread that the objects of an isolate share. Those that wait do so for some seconds, then. */
export const inlineLeases = () => new Leases({ atOnce: 1, waiting: 32, deadline: 5_000 })

export interface HasherOptions {
  /** Whose passwords these are, as far as fairness goes. */
  key: string
  /** The other process, where there is one. */
  remote?: RemoteHasher | undefined
  /** For hashes on this thread; all objects of an isolate have the same. */
  leases: Leases
}

/** Hashes the passwords of one account. */
export class PasswordHasher {
  readonly #options: HasherOptions

  constructor(options: HasherOptions) {
    this.#options = options
  }

  /**
   * @param key for whom it is hashed, if not for whom all others are
   * @returns `scrypt$<N>$<r>$<p>$<salt>$<hash>`, the last two in hex
   * @throws TooManyWaitingError
   */
  async hash(password: string, key?: string): Promise<string> {
    const salt = randomBytes(16)
    const hash = await this.derive(password, salt, COST, key)
    return ['scrypt', COST.N, COST.r, COST.p, salt.toString('hex'), hash.toString('hex')].join('$')
  }

  /** Whether `password` is the one that was hashed; takes the same time either way. @throws TooManyWaitingError */
  async verify(password: string, stored: string): Promise<boolean> {
    const [scheme, n, r, p, salt = '', hash = ''] = stored.split('$')
    if (scheme !== 'scrypt') return false
    const cost = { N: Number(n), r: Number(r), p: Number(p) }
    const derived = await this.derive(password, Buffer.from(salt, 'hex'), cost)
    return timingSafeEqual(derived, Buffer.from(hash, 'hex'))
  }

  /**
   * Hashes an app password, which is random and long, with a salt that is the account's own: so one hash is
   * enough to look for it among all of them.
   *
   * @returns hex
   * @throws TooManyWaitingError
   */
  async hashAppPassword(did: string, password: string): Promise<string> {
    const salt = createHash('sha256').update(did).digest().subarray(0, 16)
    return (await this.derive(password, salt, COST)).toString('hex')
  }

  /** One hash, when it is its turn. @param key for whom, if not for whom all others are */
  async derive(
    password: string,
    salt: Buffer,
    cost: typeof COST,
    key = this.#options.key,
  ): Promise<Buffer> {
    const { remote, leases } = this.#options
    const normal = password.normalize('NFKC')
    // Without the other process signing in is slow, and goes on.
    return (
      (await remote?.derive({
        key,
        password: normal,
        salt: salt.toString('hex'),
        keyLength: KEY_LENGTH,
        ...cost,
      })) ?? leases.take(() => deriveHere(normal, salt, cost))
    )
  }
}

function deriveHere(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_LENGTH, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
