import type { HostedAccount } from '../../storage/directory/accounts.ts'

/** How long an isolate trusts what the directory told it, in ms: so long an old handle may still work. */
const TRUST = 5_000

/** Accounts cached per isolate. */
const MAX_REMEMBERED = 10_000

/** Caches who the directory found, so that reads of a busy account do not each ask again. */
export class AccountCache {
  readonly #found = new Map<string, { account: HostedAccount; until: number }>()

  /** @param find asks the directory; what it does not find is not cached */
  async get(
    handleOrDid: string,
    find: () => Promise<HostedAccount | undefined>,
  ): Promise<HostedAccount | undefined> {
    const known = this.#found.get(handleOrDid)
    if (known && known.until > Date.now()) return known.account
    const account = await find()
    this.#found.delete(handleOrDid)
    if (account) {
      if (this.#found.size >= MAX_REMEMBERED) this.#forgetOldest()
      this.#found.set(handleOrDid, { account, until: Date.now() + TRUST })
    }
    return account
  }

  invalidate(handleOrDid: string): void {
    this.#found.delete(handleOrDid)
  }

  #forgetOldest(): void {
    const [oldest] = this.#found.keys()
    if (oldest !== undefined) this.#found.delete(oldest)
  }
}
