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

/** Sign-ups that are refused are noted once in so many ms: a flood of them would be a commit each. */
const NOTE_EVERY = 60_000

/** What the operator sees of sign-ups of late. */
export interface BurstView {
  /** How many there were, up to 500. */
  lastHour: number
  /** The burst that is on. */
  episode: BurstEpisode | null
}

/** Sign-ups of late, in one row, which each of them reads and writes. */
export class Bursts {
  readonly #kv: SyncKvStorage
  readonly #now: () => number

  constructor(kv: SyncKvStorage, now: () => number = Date.now) {
    this.#kv = kv
    this.#now = now
  }

  /**
   * Judges a sign-up. One that is refused is noted at once, unless another was in the last minute.
   *
   * @param minimum sign-ups in an hour that are no burst in any case
   * @returns what notes it, to be called in the transaction that it comes about with
   * @throws StorageError `RateLimitExceeded` (429) while they come too fast
   */
  judge(facts: SignUpFacts, minimum: number): () => void {
    const now = this.#now()
    const before = this.#read()
    const { state, retryAt } = judgeSignUp(before, facts, { now, minimum })
    if (retryAt === undefined) return () => this.#kv.put(KEY, state)
    if (now - (before.episode?.last ?? 0) >= NOTE_EVERY) this.#kv.put(KEY, state)
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

  /** How it is, for the operator. */
  view(): BurstView {
    const { recent, episode } = this.#read()
    const now = this.#now()
    return {
      lastHour: recent.filter(([at]) => at > now - HOUR).length,
      episode: episode && now - episode.last < HOUR ? episode : null,
    }
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
