import type { Accounts } from '../../storage/directory/accounts.ts'
import {
  newRun,
  type RotationRun,
  type SecretRotationStore,
} from '../../storage/directory/secret-rotations.ts'
import type { Job } from '../scheduler.ts'

/** What became of one account: it was changed, there was nothing to do, or it cannot be changed yet. */
export type Outcome = 'changed' | 'nothing' | 'waiting'

export interface RotationWork {
  readonly name: 'key' | 'plc'
  /** Whether both secrets are at hand. */
  readonly isPossible: boolean
  /** Accounts at once. */
  readonly atOnce: number
  /** Does what does not belong to an account. @returns whether there was something to do */
  begin(): Promise<boolean>
  /** Changes one account; done again, it finds nothing to do. */
  change(did: string): Promise<Outcome>
}

/** Accounts between two notes of how far it is. */
const BATCH = 100

/** How long one run of the job takes before it lets others come first, in ms. */
const RUN = 5_000

/** Before a pass after one in which something failed or waits, in ms. */
const PAUSE = 60_000

/** Failures that are told. */
const TOLD = 10

/** Characters of why. */
const MAX_WHY = 300

/**
 * Goes through all accounts, again and again, until a pass finds nothing to do. What was done is noted after each
 * batch, so that a crash costs one batch, which finds nothing to do when it is done again.
 */
export class RotationJob implements Job {
  readonly name: string
  readonly #work: RotationWork
  readonly #store: SecretRotationStore
  readonly #accounts: Pick<Accounts, 'everyDid' | 'countEvery'>

  constructor(
    work: RotationWork,
    store: SecretRotationStore,
    accounts: Pick<Accounts, 'everyDid' | 'countEvery'>,
  ) {
    this.name = `change secret ${work.name}`
    this.#work = work
    this.#store = store
    this.#accounts = accounts
  }

  /** Whether both secrets are at hand. */
  get isPossible(): boolean {
    return this.#work.isPossible
  }

  due(): number | undefined {
    const run = this.#store.get(this.#work.name)
    if (!run || run.finishedAt !== null || !this.#work.isPossible) return undefined
    return run.pausedUntil
  }

  async run(): Promise<void> {
    const until = Date.now() + RUN
    while (Date.now() < until) {
      const run = this.#store.get(this.#work.name)
      if (!run || run.finishedAt !== null || !this.#work.isPossible) return
      if (run.pausedUntil > Date.now()) return
      await this.#batch(run)
    }
  }

  async #batch(run: RotationRun): Promise<void> {
    const next = { ...run, failed: [...run.failed], pausedUntil: 0 }
    if (run.cursor === '') await this.#beginPass(next)
    const dids = this.#accounts.everyDid(BATCH, next.cursor)
    const { atOnce } = this.#work
    for (let from = 0; from < dids.length; from += atOnce) {
      await Promise.all(dids.slice(from, from + atOnce).map((did) => this.#change(did, next)))
    }
    next.done += dids.length
    next.cursor = dids.at(-1) ?? next.cursor
    if (dids.length < BATCH) this.#endPass(next)
    this.#put(run, next)
  }

  async #beginPass(run: RotationRun): Promise<void> {
    run.pass++
    run.total = this.#accounts.countEvery()
    Object.assign(run, { done: 0, changedNow: 0, failures: 0, waiting: 0, failed: [] })
    if (await this.#work.begin()) run.changedNow++
  }

  #endPass(run: RotationRun): void {
    run.cursor = ''
    const isHeldUp = run.failures > 0 || run.waiting > 0
    if (run.changedNow === 0 && !isHeldUp) run.finishedAt = Date.now()
    else if (isHeldUp) run.pausedUntil = Date.now() + PAUSE
  }

  async #change(did: string, run: RotationRun): Promise<void> {
    try {
      const outcome = await this.#work.change(did)
      if (outcome === 'waiting') run.waiting++
      if (outcome !== 'changed') return
      run.changed++
      run.changedNow++
    } catch (error) {
      run.failures++
      const why = (error instanceof Error ? error.message : String(error)).slice(0, MAX_WHY)
      if (run.failed.length < TOLD) run.failed.push({ did, why })
    }
  }

  /** Notes how far it is, unless it was begun anew meanwhile. */
  #put(before: RotationRun, run: RotationRun): void {
    const { name } = this.#work
    const stored = this.#store.get(name)
    if (!stored || stored.since !== before.since) return
    // What is no part of a run belongs to the rotation, and stays.
    const progress = Object.fromEntries(
      (Object.keys(newRun()) as (keyof RotationRun)[]).map((key) => [key, run[key]]),
    )
    this.#store.put(name, { ...stored, ...progress })
  }
}
