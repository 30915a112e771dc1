import type { DirectoryVersion, ResidentAnswer } from '../../contracts/residents.ts'
import { msSince } from '../../kernel/ms-since.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'

/** How long an isolate trusts what the directory told it, in ms: so long an old handle may still work. */
const TRUST = 5_000

/**
 * Caches whom the directory found, so that reads do not each ask again. With each answer comes which accounts were changed
 * since the one before, so that it renews all that is cached: one question in `TRUST` for all accounts together.
 */
export class AccountCache {
  readonly #max: number
  readonly #found = new Map<string, HostedAccount>()
  /** Changes up to here are out of `#found`. */
  #version: DirectoryVersion | undefined
  /** When all of `#found` was as it is, in ms since the epoch. */
  #since = 0

  /** @param max names */
  constructor(max: number) {
    this.#max = max
  }

  /** @param find asks the directory; what it does not find is not cached */
  async get(
    handleOrDid: string,
    find: (since: DirectoryVersion | undefined) => Promise<ResidentAnswer>,
  ): Promise<HostedAccount | undefined> {
    const asked = Date.now()
    const known = msSince(this.#since, asked) < TRUST ? this.#found.get(handleOrDid) : undefined
    if (known) return known
    const answer = await find(this.#version)
    if (this.#renew(answer, asked)) this.#put(handleOrDid, answer.account)
    return answer.account
  }

  invalidate(handleOrDid: string): void {
    this.#found.delete(handleOrDid)
  }

  /** @returns false where a later answer has been here already: it may know of changes that this one does not */
  #renew({ version, changed, age }: ResidentAnswer, asked: number): boolean {
    const isSameLife = this.#version?.life === version.life
    if (isSameLife && this.#version && version.changes < this.#version.changes) return false
    if (!changed || !isSameLife) this.#found.clear()
    else if (changed.length > 0) this.#forget(new Set(changed))
    this.#version = version
    const since = asked - age
    const isLater = isSameLife && this.#since <= asked
    this.#since = isLater ? Math.max(this.#since, since) : since
    return true
  }

  #forget(dids: ReadonlySet<string>): void {
    for (const [name, { did }] of this.#found) if (dids.has(did)) this.#found.delete(name)
  }

  #put(name: string, account: HostedAccount | undefined): void {
    this.#found.delete(name)
    if (!account) return
    if (this.#found.size >= this.#max) this.#forgetOldest()
    this.#found.set(name, account)
  }

  #forgetOldest(): void {
    const [oldest] = this.#found.keys()
    if (oldest !== undefined) this.#found.delete(oldest)
  }
}
