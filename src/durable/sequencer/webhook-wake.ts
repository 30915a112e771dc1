import type { Job } from '../scheduler.ts'

/** ms in which further events go along: each time costs a call. */
const GATHER = 20

/** Under which it is kept that somebody waits for events. */
const KEY = 'webhooks'

interface Parts {
  /** Number of the newest event. */
  head(): number
  wake(head: number): Promise<unknown>
}

/** Tells the index that there are events, where webhooks wait for them: they read the log by themselves. */
export class WebhookWake {
  readonly #kv: SyncKvStorage
  readonly #parts: Parts
  #isOn: boolean | undefined
  /** The newest event that it was told of, as far as this life of the sequencer knows. */
  #told = 0

  readonly job: Job = {
    name: 'wake webhooks',
    maxBackoff: 30_000,
    due: () => (this.isOn && this.#told < this.#parts.head() ? Date.now() : undefined),
    run: async () => {
      await scheduler.wait(GATHER)
      for (let head = this.#parts.head(); this.#told < head; head = this.#parts.head()) {
        await this.#parts.wake(head)
        this.#told = head
      }
    },
  }

  constructor(kv: SyncKvStorage, parts: Parts) {
    this.#kv = kv
    this.#parts = parts
  }

  get isOn(): boolean {
    this.#isOn ??= this.#kv.get<boolean>(KEY) === true
    return this.#isOn
  }

  set(on: boolean): void {
    if (on === this.isOn) return
    if (on) this.#kv.put(KEY, true)
    else this.#kv.delete(KEY)
    this.#isOn = on
  }
}
