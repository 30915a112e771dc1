/** Serves one webhook: what waits for it first, then the log from where it stopped. */
import type { Webhook } from '../../contracts/webhooks.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import type { WebhookWrite } from '../../storage/index/webhook-letters.ts'
import type { WebhookState } from '../../storage/index/webhook-states.ts'
import { type Attempt, attemptChunk, type Failure } from './attempt.ts'
import { readPage } from './pages.ts'
import type { WebhookRunnerParts } from './parts.ts'
import { againAt, retryWaiting } from './waiting.ts'

/** ms before the second attempt; doubles with each. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60 * 60 * 1000

/** ms after which one that fails all the time is paused: by then the log loses what it was not told of. */
const PATIENCE = 72 * 60 * 60 * 1000

/** ms for which a service that has taken something counts as well. */
const WELL = 60_000

/** Events left the log before a webhook was told of what was in them. */
class LostEventsError extends Error {
  override name = 'LostEventsError'
}

/** A service outside did not take a write. */
class WebhookError extends Error {
  override name = 'WebhookError'
}

/** What is known of all webhooks. */
export interface Known {
  /** Number of the newest event that is known of. */
  head: number
  find(id: number): Webhook | undefined
  /** How far one is. */
  stateOf(id: number): WebhookState | undefined
  set(state: WebhookState): void
  /** Passes over events without anything for it. */
  pass(state: WebhookState, upTo: number): void
  see(head: number): void
  /** Looks again at who is to be told. */
  adopt(): Promise<void>
}

/** Sends to one webhook at a time what there is for it, and notes what came of it. */
export class WebhookServer {
  readonly #parts: WebhookRunnerParts
  readonly #known: Known
  /** What each has taken last: an account of each of two, and when. */
  readonly #taken = new Map<number, Map<string, number>>()

  constructor(parts: WebhookRunnerParts, known: Known) {
    this.#parts = parts
    this.#known = known
  }

  /** Forgets those that are not among some. */
  keep(ids: readonly number[]): void {
    for (const id of this.#taken.keys()) if (!ids.includes(id)) this.#taken.delete(id)
  }

  /** Sends one what there is for it, until it fails, has all, or others have waited long enough. */
  async serve(webhook: Webhook, until: number): Promise<void> {
    const { objects, letters } = this.#parts
    for (;;) {
      const state = this.#ready(webhook, until)
      if (!state) return
      if (letters.waiting(webhook.id).waiting > 0) {
        const goesOn = await this.#retry(webhook, state)
        if (goesOn === 'failed') return
        if (goesOn === 'tried') continue
      }
      const head = this.#known.head
      const { events, upTo, prunedTo } = await objects.sequencer.readLog(state.seq)
      this.#known.see(upTo)
      if (prunedTo > state.seq || upTo < state.seq) {
        // A log that ends before, as one of an older copy of the disk does, gives its numbers again.
        const lost = new LostEventsError(
          `after event ${state.seq}; the log has ${prunedTo} to ${upTo}`,
        )
        this.#parts.log().error('a webhook was not told of all', lost, { webhook: webhook.id })
        const seq = upTo < state.seq ? upTo : prunedTo
        this.#known.set({ ...state, seq, lost: state.lost + 1, progress: null })
        continue
      }
      if (upTo <= state.seq) {
        // Nothing came meanwhile: that is where the log ends, whatever was heard of before.
        if (this.#known.head === head) this.#known.head = upTo
        return
      }
      const { chunks, deleted } = readPage(events, upTo, webhook.collections)
      for (const did of deleted) letters.forget(did)
      for (const chunk of chunks) {
        const now = this.#ready(webhook, until)
        if (!now) return
        if (chunk.writes.length === 0) {
          this.#known.pass(now, chunk.upTo)
          continue
        }
        const attempt = await attemptChunk(webhook, now, chunk, {
          ...this.#parts,
          until,
          waits: (did) => letters.waits(webhook.id, did),
          hasTakenBeside: (did) => this.#hasTakenBeside(webhook, did),
        })
        if (!(await this.#note(webhook, now, chunk.upTo, attempt))) return
      }
    }
  }

  /** How far one is that may be sent something now: it was not removed or paused meanwhile. */
  #ready({ id }: Webhook, until: number): WebhookState | undefined {
    const state = this.#known.stateOf(id)
    const now = Date.now()
    if (now > until || !state || state.nextAt > now) return undefined
    return this.#known.find(id)?.paused === null ? state : undefined
  }

  /** Sends again what was refused, of those that are due. */
  async #retry(webhook: Webhook, before: WebhookState): Promise<'none' | 'tried' | 'failed'> {
    const { letters, transaction } = this.#parts
    const { tried, taken, skipped, givenUp, failure, store } = await retryWaiting(
      webhook,
      letters,
      this.#parts,
    )
    if (tried === 0) return 'none'
    if (!this.#known.find(webhook.id)) return 'failed'
    for (const did of taken) this.#noteTaken(webhook, did)
    const delivered = before.delivered + taken.length
    const state = { ...before, delivered, skipped: before.skipped + skipped }
    counters.noteWebhook('delivered', taken.length)
    transaction(() => {
      store()
      this.#known.set(taken.length > 0 && !failure ? rested(state) : state)
    })
    for (const { waiting, error } of givenUp) this.#noteGivenUp(webhook, waiting.write, error)
    if (!failure) return 'tried'
    await this.#fail(webhook, state, failure)
    return 'failed'
  }

  /** Stores what came of sending a chunk. @returns whether all of it is done */
  async #note(
    webhook: Webhook,
    before: WebhookState,
    upTo: number,
    { progress, taken, takenOf, skipped, held, givenUp, failure, isDone }: Attempt,
  ): Promise<boolean> {
    const { letters, transaction } = this.#parts
    // It was removed meanwhile.
    if (!this.#known.find(webhook.id)) return false
    const now = Date.now()
    const counted = {
      delivered: before.delivered + taken,
      skipped: before.skipped + skipped,
    }
    counters.noteWebhook('delivered', taken)
    for (const did of takenOf) this.#noteTaken(webhook, did)
    const state = { ...before, ...counted, progress }
    transaction(() => {
      for (const one of held) {
        letters.hold(webhook.id, { ...one, dueAt: againAt(one.attempts, now) }, now)
      }
      for (const { write, error } of givenUp) letters.add(webhook.id, write, error, now)
      if (isDone) this.#known.set({ ...rested(state), progress: null, seq: upTo })
      else this.#known.set(failure ? state : rested(state))
    })
    for (const { write, error } of held) {
      if (error === '') continue
      const about = { ...aboutOf(webhook), account: write.did, collection: write.collection }
      this.#parts.log().error('a webhook refused a write', new WebhookError(error), about)
    }
    for (const { write, error } of givenUp) this.#noteGivenUp(webhook, write, error)
    if (failure) await this.#fail(webhook, state, failure)
    return isDone
  }

  /** The service is not well, or wants no more. */
  async #fail(webhook: Webhook, before: WebhookState, failure: Failure): Promise<void> {
    const now = Date.now()
    counters.noteWebhook('failed', 1)
    // By the operator, meanwhile: it goes on as if it had never failed.
    if (this.#known.find(webhook.id)?.paused !== null) return
    const attempts = before.attempts + 1
    const asked = Math.max(FIRST_PAUSE * 2 ** (attempts - 1), failure.after ?? 0)
    const pause = Math.min(asked, LONGEST_PAUSE)
    const failingSince = before.failingSince ?? now
    this.#known.set({
      ...{ ...before, attempts, failingSince },
      ...{ error: failure.error, nextAt: now + pause },
    })
    const hours = Math.round(PATIENCE / 3_600_000)
    const why =
      failure.kind === 'gone'
        ? failure.error
        : now - failingSince > PATIENCE
          ? `It failed for ${hours} hours: ${failure.error}`
          : undefined
    const failed = new WebhookError(failure.error)
    const what = why ? 'a webhook was paused' : 'a webhook failed'
    this.#parts.log().error(what, failed, aboutOf(webhook))
    if (!why) return
    await this.#parts.objects.directory.webhooks.pause(webhook.id, why)
    await this.#known.adopt()
  }

  #noteGivenUp(
    webhook: Webhook,
    { did, collection, rkey, rev }: WebhookWrite,
    error: string,
  ): void {
    counters.noteWebhook('given up', 1)
    const about = { ...aboutOf(webhook), account: did, collection, rkey, rev }
    this.#parts.log().error('a write was given up', new WebhookError(error), about)
  }

  /** Two are enough to know of another account than any one. */
  #noteTaken({ id }: Webhook, did: string): void {
    const known = [...(this.#taken.get(id) ?? [])].filter(([one]) => one !== did)
    this.#taken.set(id, new Map([[did, Date.now()], ...known.slice(0, 1)]))
  }

  #hasTakenBeside({ id }: Webhook, did: string): boolean {
    const since = Date.now() - WELL
    return [...(this.#taken.get(id) ?? [])].some(([one, at]) => one !== did && at > since)
  }
}

const aboutOf = ({ id, url }: Webhook) => ({ webhook: id, host: URL.parse(url)?.host ?? '' })

/** As if it had never failed: whoever lets it go on wants that at once, and with new patience. */
export const rested = (state: WebhookState): WebhookState => ({
  ...state,
  ...{ attempts: 0, error: null, failingSince: null, nextAt: 0 },
})
