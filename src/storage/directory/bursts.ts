import { StorageError } from '../error.ts'
import {
  type BurstEpisode,
  type BurstState,
  judgeSignUp,
  NO_SIGN_UPS,
  type SignUpFacts,
} from './burst-rules.ts'

const KEY = 'sign-ups'
const HOUR = 60 * 60 * 1000

/** Sign-ups of late, in one row, which each of them reads and writes. */
export class Bursts {
  readonly #kv: SyncKvStorage
  readonly #now: () => number

  constructor(kv: SyncKvStorage, now: () => number = Date.now) {
    this.#kv = kv
    this.#now = now
  }

  /**
   * Judges a sign-up. One that is refused is noted at once.
   *
   * @param minimum sign-ups in an hour that are no burst in any case
   * @returns what notes it, to be called in the transaction that it comes about with, and whether an episode begins
   * @throws StorageError `RateLimitExceeded` (429) while they come too fast
   */
  judge(facts: SignUpFacts, minimum: number): { begins: boolean; note(): void } {
    const now = this.#now()
    const { state, retryAt, begins } = judgeSignUp(this.#read(), facts, { now, minimum })
    if (retryAt === undefined) return { begins, note: () => this.#kv.put(KEY, state) }
    this.#kv.put(KEY, state)
    const minutes = Math.max(1, Math.ceil((retryAt - now) / 60_000))
    throw new StorageError(
      'RateLimitExceeded',
      `Too many people are signing up on this host at the moment: try again in ${minutes} minutes`,
      429,
      {
        limit: state.episode?.limit ?? minimum,
        window: HOUR,
        remaining: 0,
        resetAt: retryAt,
        exceeded: true,
      },
    )
  }

  /** The episode that the operator is still to be told of. */
  untold(): BurstEpisode | undefined {
    const { episode } = this.#read()
    return episode && !episode.told ? episode : undefined
  }

  /** The operator was told of it. */
  markTold({ since }: BurstEpisode): void {
    const state = this.#read()
    if (state.episode?.since !== since) return
    this.#kv.put(KEY, { ...state, episode: { ...state.episode, told: true } })
  }

  #read(): BurstState {
    return this.#kv.get<BurstState>(KEY) ?? NO_SIGN_UPS
  }
}
