/** What one trigger may use of what Cloudflare gives it: requests to objects and buckets, and time. */

/** Requests that are left for what has been begun when no account or blob is begun any more. */
const SPARE = 150

/** After so long, in ms, nothing is begun any more. Cloudflare ends a trigger after 15 minutes. */
const TIME = 9 * 60 * 1000

/** The rest is for the next trigger. */
export class BudgetSpentError extends Error {
  override name = 'BudgetSpentError'
}

export class Budget {
  readonly #requests: number
  readonly #end: number
  #used = 0

  constructor(requests: number, time: number = TIME) {
    this.#requests = requests
    this.#end = Date.now() + time
  }

  get used(): number {
    return this.#used
  }

  /** To be called before each request. @throws BudgetSpentError where Cloudflare would refuse it */
  readonly spend = (): void => {
    if (this.#used >= this.#requests) throw new BudgetSpentError('no requests are left')
    this.#used++
  }

  /** To be called before something is begun. @throws BudgetSpentError */
  readonly goOn = (): void => {
    if (this.#used + SPARE > this.#requests || Date.now() > this.#end) {
      throw new BudgetSpentError('the rest is done at the next trigger')
    }
  }
}
