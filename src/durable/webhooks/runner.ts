import type { Webhook } from '../../contracts/webhooks.ts'
import type { Logger } from '../../kernel/log.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { WebhookLetters } from '../../storage/index/webhook-letters.ts'
import type { WebhookState, WebhookStates } from '../../storage/index/webhook-states.ts'
import type { Job } from '../scheduler.ts'
import { type Attempt, attemptChunk } from './attempt.ts'
import type { DeliverParts } from './deliver.ts'
import { readPage } from './pages.ts'

/** Webhooks that are served at once: each holds a page of the log, up to 4 MiB. */
const AT_ONCE = 4

/** ms of one run, after which others have their turn; what is left is due again. */
const RUN = 60_000

/** ms before the second attempt; doubles with each. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60 * 60 * 1000

/** ms after which one that fails all the time is paused: by then the log loses what it was not told of. */
const PATIENCE = 72 * 60 * 60 * 1000

/** Events without anything for a webhook that are passed over before that is stored. */
const PASSED = 500

/** Events left the log before a webhook was told of what was in them. */
class LostEventsError extends Error {
  override name = 'LostEventsError'
}

/** A service outside did not take a write. */
class WebhookError extends Error {
  override name = 'WebhookError'
}

export interface WebhookRunnerParts extends DeliverParts {
  states: WebhookStates
  letters: WebhookLetters
  objects: HostObjects
  transaction(work: () => void): void
  log(): Logger
  /** Has the job run, and the alarm look after it, should the object end. */
  start(): void
  /** To be called when the time at which something is due has changed. */
  reschedule(): void
}

/**
 * Tells services outside of writes: each reads the log from where it stopped, so that one which is slow or away keeps nobody else and
 * nothing is stored for it. In order for each account, at least once.
 */
export class WebhookRunner {
  readonly #parts: WebhookRunnerParts
  /** As the directory has them; undefined: it was not asked yet. */
  #webhooks: readonly Webhook[] | undefined
  /** As stored, or further by events without anything for them. */
  readonly #states = new Map<number, WebhookState>()
  /** Number of the newest event that is known of. */
  #head = 0
  /** Whether the log may have more than is known of. */
  #isStale = true

  readonly job: Job = {
    name: 'deliver webhooks',
    maxBackoff: 60_000,
    due: () => this.#due(),
    run: () => this.#run(),
  }

  constructor(parts: WebhookRunnerParts) {
    this.#parts = parts
  }

  wake(head: number): void {
    this.#see(head)
    this.#parts.start()
  }

  async adopt(): Promise<void> {
    const { objects, states } = this.#parts
    const webhooks = await objects.directory.webhooks.list()
    // First that it tells of events, then where they begin: none comes in between.
    await objects.sequencer.tellOfEvents(webhooks.length > 0)
    const known = webhooks.map(({ id }) => [id, this.stateOf(id)] as const)
    if (known.some(([, state]) => !state)) {
      const { head } = await objects.sequencer.status()
      for (const [id, state] of known) if (!state) this.#states.set(id, states.begin(id, head))
    }
    const ids = webhooks.map(({ id }) => id)
    states.keep(ids)
    for (const id of this.#states.keys()) if (!ids.includes(id)) this.#states.delete(id)
    for (const { id, paused } of webhooks) {
      const state = this.stateOf(id)
      if (paused !== null && state && state.attempts > 0) this.#set(rested(state))
    }
    this.#webhooks = webhooks
    this.#isStale = true
    this.#parts.start()
  }

  /** As the directory has had them when it was last asked. */
  get all(): readonly Webhook[] {
    return this.#webhooks ?? []
  }

  /** How far one is. */
  stateOf(id: number): WebhookState | undefined {
    const known = this.#states.get(id) ?? this.#parts.states.find(id)
    if (known) this.#states.set(id, known)
    return known
  }

  #due(): number | undefined {
    if (!this.#webhooks) return this.#head > 0 || this.#parts.states.any() ? Date.now() : undefined
    const times = this.#webhooks.flatMap(({ id, paused }) => {
      const state = this.stateOf(id)
      if (paused !== null || !state) return []
      return this.#isStale || state.seq < this.#head ? state.nextAt || Date.now() : []
    })
    return times.length > 0 ? Math.min(...times) : undefined
  }

  async #run(): Promise<void> {
    if (!this.#webhooks) await this.adopt()
    if (this.#isStale) {
      this.#isStale = false
      this.#see((await this.#parts.objects.sequencer.status()).head)
    }
    const until = Date.now() + RUN
    const waiting = this.all.filter(({ paused }) => paused === null)
    const serve = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.#serve(next, until)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, serve))
    this.#parts.reschedule()
  }

  /** Sends one what there is for it, until it fails, has all, or others have waited long enough. */
  async #serve(webhook: Webhook, until: number): Promise<void> {
    const { objects, letters } = this.#parts
    for (;;) {
      const state = this.stateOf(webhook.id)
      if (!state || state.nextAt > Date.now() || Date.now() > until) return
      const { events, upTo, prunedTo } = await objects.sequencer.readLog(state.seq)
      this.#see(upTo)
      if (prunedTo > state.seq) {
        const lost = new LostEventsError(`after event ${state.seq}; the log begins at ${prunedTo}`)
        this.#parts.log().error('a webhook was not told of all', lost, { webhook: webhook.id })
        this.#set({ ...state, seq: prunedTo, lost: state.lost + 1, progress: null })
        continue
      }
      if (upTo <= state.seq) return
      const { chunks, deleted } = readPage(events, upTo, webhook.collections)
      for (const did of deleted) letters.forget(did)
      for (const chunk of chunks) {
        const now = this.stateOf(webhook.id)
        // It was removed, or paused, meanwhile.
        if (!now || this.#find(webhook.id)?.paused !== null) return
        if (chunk.writes.length === 0) {
          this.#pass(now, chunk.upTo)
          continue
        }
        const attempt = await attemptChunk(webhook, now, chunk, this.#parts)
        if (!(await this.#note(webhook, now, chunk.upTo, attempt))) return
        if (Date.now() > until) return
      }
    }
  }

  /** Passes over events: that is not stored each time, as whatever comes of reading them again is the same. */
  #pass(state: WebhookState, upTo: number): void {
    const passed = { ...state, seq: upTo }
    const stored = this.#parts.states.find(state.id)?.seq ?? 0
    if (upTo - stored >= PASSED) this.#set(passed)
    else this.#states.set(state.id, passed)
  }

  /** Stores what came of sending a chunk. @returns whether all of it is done */
  async #note(
    webhook: Webhook,
    before: WebhookState,
    upTo: number,
    { progress, taken, skipped, givenUp, failure }: Attempt,
  ): Promise<boolean> {
    const { letters, objects } = this.#parts
    // It was removed meanwhile.
    if (!this.#find(webhook.id)) return false
    const now = Date.now()
    const counted = {
      delivered: before.delivered + taken,
      skipped: before.skipped + skipped,
    }
    counters.noteWebhook('delivered', taken)
    counters.noteWebhook('given up', givenUp.length)
    this.#parts.transaction(() => {
      for (const { write, error } of givenUp) letters.add(webhook.id, write, error, now)
      if (!failure) {
        this.#set({ ...rested({ ...before, ...counted }), progress: null, seq: upTo })
        return
      }
      const attempts = before.attempts + 1
      const pause = Math.max(FIRST_PAUSE * 2 ** (attempts - 1), failure.after ?? 0)
      this.#set({
        ...{ ...before, ...counted, attempts, progress },
        ...{ error: failure.error, failingSince: before.failingSince ?? now },
        nextAt: now + Math.min(pause, LONGEST_PAUSE),
      })
    })
    const about = { webhook: webhook.id, host: URL.parse(webhook.url)?.host ?? '' }
    for (const { write, error } of givenUp) {
      const { did, collection, rkey, rev } = write
      const what = { ...about, account: did, collection, rkey, rev }
      this.#parts.log().error('a write was given up', new WebhookError(error), what)
    }
    if (!failure) return true
    counters.noteWebhook('failed', 1)
    const failing = now - (before.failingSince ?? now)
    const why =
      failure.kind === 'gone'
        ? failure.error
        : failing > PATIENCE
          ? `It failed for ${Math.round(PATIENCE / 3_600_000)} hours: ${failure.error}`
          : undefined
    const failed = new WebhookError(failure.error)
    this.#parts.log().error(why ? 'a webhook was paused' : 'a webhook failed', failed, about)
    if (why) {
      await objects.directory.webhooks.pause(webhook.id, why)
      const state = this.stateOf(webhook.id)
      if (state) this.#set(rested(state))
      this.#webhooks = this.#webhooks?.map((one) =>
        one.id === webhook.id ? { ...one, paused: why } : one,
      )
    }
    return false
  }

  #see(head: number): void {
    this.#head = Math.max(this.#head, head)
  }

  #find(id: number): Webhook | undefined {
    return this.#webhooks?.find((one) => one.id === id)
  }

  #set(state: WebhookState): void {
    this.#parts.states.set(state)
    this.#states.set(state.id, state)
  }
}

/** As if it had never failed: whoever lets it go on wants that at once, and with new patience. */
const rested = (state: WebhookState): WebhookState => ({
  ...state,
  ...{ attempts: 0, error: null, failingSince: null, nextAt: 0 },
})
