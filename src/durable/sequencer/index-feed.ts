import type { LogPage } from '../../contracts/sequencer.ts'
import { hasCollectionFiles } from '../../kernel/collection-files.ts'
import type { Logger } from '../../kernel/log.ts'
import type { HostIndexClient } from '../../services/objects/stubs.ts'
import type { EventLog } from '../../storage/sequencer/log.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'
import type { Job } from '../scheduler.ts'

/** Events, and bytes of events, sent at once. */
const PAGE = 500
const PAGE_BYTES = 4 * 1024 * 1024

/**
 * ms that events wait for others to go with them; the second while they come one after the other. Each time costs a write to
 * the disk, for which whoever writes next would wait.
 */
const GATHER = 10
const GATHER_MORE = 40

/** ms that an event waits for the index to say where it stands, and a change of an account to be seen there. */
const PATIENCE = 2_000

/** ms before the next attempts. */
const PAUSES = [20, 200, 1_000]

interface Parts {
  log: EventLog
  retention: Pick<Retention, 'prunedTo'>
  index(): HostIndexClient
  logger(): Logger
}

/** The next events behind one. */
export function readPage(
  log: Pick<EventLog, 'after' | 'head'>,
  { prunedTo }: Pick<Retention, 'prunedTo'>,
  after: number,
): LogPage {
  const events = log.after(after, PAGE, PAGE_BYTES)
  return { events, upTo: events.at(-1)?.seq ?? log.head, prunedTo }
}

/** Hands the log to the host's index, which knows itself how far it has read. */
export class IndexFeed {
  readonly #parts: Parts
  /** Where the index stands, as far as this life of the sequencer knows. */
  #position: number | undefined
  #beginning: Promise<void> | undefined
  #hurry: (() => void) | undefined
  /** Whether there were several events the last time. */
  #isBusy = false

  readonly job: Job = {
    name: 'feed the index',
    // Whoever asks for records wants them.
    maxBackoff: 30_000,
    due: () => (this.#isBehind() ? Date.now() : undefined),
    run: () => this.#run(),
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether anybody wants the log: without collection files there is no index. */
  get isOn(): boolean {
    return hasCollectionFiles()
  }

  /**
   * To be awaited before the first event of a life is stored: an index that is new begins to read here, so hooks are told
   * of it. An index that does not answer is not waited for long.
   */
  async begun(): Promise<void> {
    if (!this.isOn || this.#position !== undefined) return
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = undefined
    })
    await Promise.race([this.#beginning, scheduler.wait(PATIENCE)]).catch((error: unknown) => {
      this.#parts.logger().error('the index does not answer', error)
    })
  }

  /** Does not gather any more events: somebody waits. */
  hurry(): void {
    this.#hurry?.()
  }

  /** Resolves when `job`, which is under way, is over, but not much later. */
  async settled(finished: Promise<void>): Promise<void> {
    this.hurry()
    await Promise.race([finished, scheduler.wait(PATIENCE)])
  }

  #isBehind(): boolean {
    if (!this.isOn) return false
    return this.#position === undefined || this.#position < this.#parts.log.head
  }

  async #begin(): Promise<void> {
    const { log, retention, index } = this.#parts
    this.#position = await index().feed.begin({ head: log.head, prunedTo: retention.prunedTo })
  }

  async #run(): Promise<void> {
    if (!this.isOn) return
    await this.#gather()
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#send()
        return
      } catch (error) {
        // An object that has just ended is there again at once; what lasts longer is the scheduler's.
        const pause = PAUSES[attempt]
        if (pause === undefined) throw error
        this.#position = undefined
        await scheduler.wait(pause)
      }
    }
  }

  async #send(): Promise<void> {
    const { log, index, retention } = this.#parts
    if (this.#position === undefined) await this.#begin()
    this.#isBusy = log.head - (this.#position ?? log.head) > 1
    while (this.#isBehind()) {
      const after = this.#position ?? 0
      const { events, upTo, prunedTo } = readPage(log, retention, after)
      if (after < prunedTo) {
        await this.#begin()
        continue
      }
      this.#position = await index().feed.take(after, events, upTo)
    }
  }

  #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#hurry = resolve
    setTimeout(resolve, this.#isBusy ? GATHER_MORE : GATHER)
    return promise
  }
}
