import type { Webhook } from '../../contracts/webhooks.ts'
import { anyWithin } from '../../kernel/within-time.ts'
import type { WebhookState } from '../../storage/index/webhook-states.ts'
import type { Job } from '../scheduler.ts'
import type { WebhookRunnerParts } from './parts.ts'
import { type Known, rested, WebhookServer } from './serve.ts'

/** Webhooks that are served at once: each holds a page of the log, up to 4 MiB. */
const AT_ONCE = 4

/** ms in which sendings to one are begun, after which others have their turn; what is left is due again. */
const TURN = 20_000

/** ms that the alarm waits for sendings that are under way: other jobs wait with it. */
const LONGEST_RUN = 10_000

/** Events without anything for a webhook that are passed over before that is stored. */
const PASSED = 500

/**
 * Tells services outside of writes: each reads the log from where it stopped, so that one which is slow or away keeps nobody else and
 * nothing is stored for it. In order for each account, at least once.
 */
export class WebhookRunner implements Known {
  readonly #parts: WebhookRunnerParts
  readonly #server: WebhookServer
  /** As the directory has them; undefined: it was not asked yet. */
  #webhooks: readonly Webhook[] | undefined
  /** As stored, or further by events without anything for them. */
  readonly #states = new Map<number, WebhookState>()
  /** Number of the newest event that is known of. */
  head = 0
  /** Those that are served now. */
  readonly #serving = new Map<number, Promise<void>>()
  /** Numbers of those that were served, the longest ago first. */
  #turns: number[] = []
  /** Why one could not be served, for whoever waits for all. */
  #error: unknown
  #adopting: Promise<void> = Promise.resolve()

  readonly job: Job = {
    name: 'deliver webhooks',
    maxBackoff: 60_000,
    due: () => this.#due(),
    run: () => this.#run(),
  }

  constructor(parts: WebhookRunnerParts) {
    this.#parts = parts
    this.#server = new WebhookServer(parts, this)
  }

  wake(head: number): void {
    this.see(head)
    this.#kick()
    this.#parts.start()
  }

  /** One after the other: what an earlier one has read of the directory is older than what the next one stores. */
  adopt(): Promise<void> {
    this.#adopting = this.#adopting.then(
      () => this.#adopt(),
      () => this.#adopt(),
    )
    return this.#adopting
  }

  async #adopt(): Promise<void> {
    const { objects, states } = this.#parts
    const webhooks = await objects.directory.webhooks.list()
    // First that it tells of events, then where they begin: none comes in between.
    await objects.sequencer.tellOfEvents(webhooks.length > 0)
    if (webhooks.length > 0) {
      const { head } = await objects.sequencer.status()
      this.see(head)
      for (const { id } of webhooks) {
        if (!this.stateOf(id)) this.#states.set(id, states.begin(id, head))
      }
    }
    const ids = webhooks.map(({ id }) => id)
    states.keep(ids)
    for (const id of this.#states.keys()) if (!ids.includes(id)) this.#states.delete(id)
    this.#server.keep(ids)
    for (const { id, paused } of webhooks) {
      const state = this.stateOf(id)
      if (paused !== null && state && state.attempts > 0) this.set(rested(state))
    }
    this.#webhooks = webhooks
    this.#kick()
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
    if (this.#error !== undefined) return Date.now()
    if (!this.#webhooks) return this.head > 0 || this.#parts.states.any() ? Date.now() : undefined
    const times = this.#webhooks.flatMap((webhook) => {
      // The alarm looks after it, should the object end.
      if (this.#serving.has(webhook.id)) return Date.now() + LONGEST_RUN
      return this.#dueOf(webhook) ?? []
    })
    return times.length > 0 ? Math.min(...times) : undefined
  }

  #dueOf({ id, paused }: Webhook): number | undefined {
    const state = this.stateOf(id)
    if (paused !== null || !state) return undefined
    const now = Date.now()
    // Further than the log: that is one of an older copy of the disk.
    if (state.seq !== this.head) return state.nextAt || now
    const { dueAt } = this.#parts.letters.waiting(id)
    return dueAt === undefined ? undefined : Math.max(dueAt, state.nextAt)
  }

  async #run(): Promise<void> {
    if (!this.#webhooks) await this.adopt()
    const until = Date.now() + LONGEST_RUN
    this.#kick()
    while (this.#serving.size > 0 && Date.now() < until) {
      await anyWithin(this.#serving.values(), until - Date.now())
    }
    const error = this.#error
    this.#error = undefined
    if (error !== undefined) throw error
    this.#parts.reschedule()
  }

  /** Begins to serve whoever has something and is not served, as far as there is room: who was served longest ago is first. */
  #kick(): void {
    if (this.#error !== undefined) return
    const turn = ({ id }: Webhook) => this.#turns.indexOf(id)
    for (const webhook of this.all.toSorted((one, other) => turn(one) - turn(other))) {
      const { id } = webhook
      if (this.#serving.size >= AT_ONCE) return
      if (this.#serving.has(id) || (this.#dueOf(webhook) ?? Infinity) > Date.now()) continue
      this.#turns = [...this.#turns.filter((one) => this.find(one) && one !== id), id]
      const served = this.#server
        .serve(webhook, Date.now() + TURN)
        .catch((error: unknown) => {
          this.#error = error
        })
        .finally(() => {
          this.#serving.delete(id)
          this.#kick()
          this.#parts.start()
        })
      this.#serving.set(id, served)
    }
  }

  /** Passes over events: that is not stored each time, as whatever comes of reading them again is the same. */
  pass(state: WebhookState, upTo: number): void {
    const passed = { ...state, seq: upTo }
    const stored = this.#parts.states.find(state.id)?.seq ?? 0
    if (upTo - stored >= PASSED) this.set(passed)
    else this.#states.set(state.id, passed)
  }

  see(head: number): void {
    this.head = Math.max(this.head, head)
  }

  find(id: number): Webhook | undefined {
    return this.#webhooks?.find((one) => one.id === id)
  }

  set(state: WebhookState): void {
    this.#parts.states.set(state)
    this.#states.set(state.id, state)
  }
}
