/**
 * Ids of the DPoP proofs that came with requests of late, in memory: a row for each request would cost more
 * than the request. A restart forgets them; a proof then still needs the token, and a nonce of the last minutes.
 */
export class RecentProofs {
  readonly #window: number
  readonly #most: number
  #current = new Set<string>()
  #before = new Set<string>()
  #since = Date.now()

  /**
   * @param window how long an id is remembered at least, ms
   * @param most ids of one window; where there are more, the oldest are forgotten early
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
