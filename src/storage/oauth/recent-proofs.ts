/**
 * Replay protection for DPoP proofs, in memory: a row for each request would cost more than the request. After a
 * restart a replayed proof still needs the access token and a nonce that has not expired.
 */
export class RecentProofs {
  readonly #window: number
  readonly #most: number
  #current = new Set<string>()
  #before = new Set<string>()
  #since = Date.now()

  /**
   * @param window how long a `jti` is kept at least, ms
   * @param most `jti`s of one window; beyond that the oldest are evicted early
   */
  constructor(window: number, most = 250_000) {
    this.#window = window
    this.#most = most
  }

  isFirst(id: string): boolean {
    if (Date.now() - this.#since >= this.#window || this.#current.size >= this.#most) {
      this.#before = Date.now() - this.#since >= 2 * this.#window ? new Set() : this.#current
      this.#current = new Set()
      this.#since = Date.now()
    }
    if (this.#current.has(id) || this.#before.has(id)) return false
    this.#current.add(id)
    return true
  }
}
