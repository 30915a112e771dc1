/**
 * Passwords at rest: scrypt with a random salt. It takes some 60 ms of CPU, so it runs inside Durable Objects, whose
 * CPU limit is 30 s, never in the Worker, which may have 10 ms. On plain workerd, where all objects share one thread,
 * another process does it (`cli/password-hasher.ts`).
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Turns } from './turns.ts'

const KEY_LENGTH = 64
/** scrypt's cost parameters; the strength of a stored hash is written beside it. */
const COST = { N: 16_384, r: 8, p: 1 }

/** Hashes at once, and those that may wait for their turn: for some seconds, then. */
const HERE = { atOnce: 1, waiting: 32 }
const ELSEWHERE = { atOnce: 2, waiting: 64 }

/** The other process, as a service binding. */
export interface RemoteHasher {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** What the other process is asked, as JSON; it answers with the key's bytes. */
export interface HashRequest {
  password: string
  /** Hex. */
  salt: string
  N: number
  r: number
  p: number
  keyLength: number
}

export class PasswordHasher {
  readonly #remote: RemoteHasher | undefined
  readonly #turns: Turns

  /** @param remote the other process, where there is one */
  constructor(remote?: RemoteHasher) {
    this.#remote = remote
    this.#turns = new Turns(remote ? ELSEWHERE : HERE)
  }

  /**
   * @returns `scrypt$<N>$<r>$<p>$<salt>$<hash>`, the last two in hex
   * @throws TooManyWaitingError
   */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16)
    const hash = await this.derive(password, salt, COST)
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

  /** One hash, when it is its turn. */
  derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
    return this.#turns.take(() => this.#derive(password.normalize('NFKC'), salt, cost))
  }

  async #derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
    if (this.#remote) {
      const asked: HashRequest = {
        password,
        salt: salt.toString('hex'),
        keyLength: KEY_LENGTH,
        ...cost,
      }
      // Without the other process signing in is slow, and goes on.
      const key = await askFor(this.#remote, asked).catch(() => undefined)
      if (key) return key
    }
    return new Promise((resolve, reject) => {
      scrypt(password, salt, KEY_LENGTH, cost, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  }
}

async function askFor(remote: RemoteHasher, asked: HashRequest): Promise<Buffer | undefined> {
  const response = await remote.fetch('http://password-hasher/', {
    method: 'POST',
    body: JSON.stringify(asked),
  })
  const key = Buffer.from(await response.arrayBuffer())
  return response.ok && key.byteLength === KEY_LENGTH ? key : undefined
}
