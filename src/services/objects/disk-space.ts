/** Whether the disk of a host on plain workerd is full. On Cloudflare there is nothing that could be. */
import { XRPCError } from '@atproto/xrpc-server'
import type { Env } from '../../contracts/env.ts'
import type { HostFacts } from '../../kernel/host-facts.ts'
import { msSince } from '../../kernel/ms-since.ts'

/**
 * Bytes that are kept free. What would make the data grow is refused before the disk is full: a write that fails there
 * takes the object down in which it fails, with whatever else it is doing, and signing in and deleting need room too.
 */
const RESERVE = 16 * 1024 * 1024
/** How long an answer counts, in ms. */
const FRESH = 1_000
/** How long who waits for room does so before looking again, in ms. */
const PAUSE = 5_000
/** ms; who does not answer is taken to say that there is room. */
const TIMEOUT = 1_000

/** RFC 4918, 11.5; a number, as the package of the errors has no name for it. */
const INSUFFICIENT_STORAGE: number = 507

/** The disk is full: nothing was stored, and everything can still be read. */
export class InsufficientStorageError extends XRPCError {
  constructor() {
    super(
      INSUFFICIENT_STORAGE,
      'This host has no space left on its disk: what is there can be read, nothing can be stored',
      'InsufficientStorage',
    )
  }
}

/** Whether an error says that the disk is full, as SQLite puts it. RPC leaves nothing of it but the message. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('SQLITE_FULL')

export class DiskSpace {
  readonly #service: Pick<Fetcher, 'fetch'> | undefined
  #isFull = false
  #askedAt = Number.NEGATIVE_INFINITY

  constructor({ DISK_SPACE }: Pick<Env, 'DISK_SPACE'>) {
    this.#service = DISK_SPACE
  }

  /** Whether this host runs on a machine with a disk: plain workerd, and all of it in one process. */
  get isWatched(): boolean {
    return this.#service !== undefined
  }

  /** undefined: nobody knows, as on Cloudflare. */
  async facts(): Promise<HostFacts | undefined> {
    return this.#service && askFacts(this.#service)
  }

  async isFull(): Promise<boolean> {
    if (this.#service && msSince(this.#askedAt) >= FRESH) {
      // Who comes meanwhile goes by the answer before.
      this.#askedAt = Date.now()
      const free = await askFree(this.#service)
      this.#isFull = free !== undefined && free < RESERVE
    }
    return this.#isFull
  }

  /** Bytes that are free; undefined: nobody knows, as on Cloudflare. */
  async free(): Promise<number | undefined> {
    return this.#service && askFree(this.#service)
  }

  /** Resolves when there is room, at once as a rule. */
  async untilRoom(): Promise<void> {
    while (await this.isFull()) await scheduler.wait(PAUSE)
  }

  /** To be called before what makes the data grow. @throws InsufficientStorageError */
  async assertRoom(): Promise<void> {
    if (await this.isFull()) throw new InsufficientStorageError()
  }
}

async function askFacts(service: Pick<Fetcher, 'fetch'>): Promise<HostFacts | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT)
    const response = await service.fetch('http://disk-space/facts', { signal })
    return response.ok ? ((await response.json()) as HostFacts) : undefined
  } catch {
    return undefined
  }
}

/** Bytes; undefined: nobody knows. */
async function askFree(service: Pick<Fetcher, 'fetch'>): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT)
    const response = await service.fetch('http://disk-space/', { signal })
    const text = await response.text()
    return response.ok && /^\d+$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}
