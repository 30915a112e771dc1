import type { HookOutcome, HooksEntrypoint } from '../../contracts/host-index.ts'
import type { AnyCollectionDefinition } from '../../kernel/collection-files.ts'
import type { Logger } from '../../kernel/log.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import type { HookTask, HookTasks } from '../../storage/index/tasks.ts'
import type { Job } from '../scheduler.ts'

/** Accounts of one collection whose hooks are under way at once. */
const AT_ONCE = 8

/** How often a write is told, unless the collection says so. */
const ATTEMPTS = 10

/** ms that a hook may take, unless the collection says so. */
const TIMEOUT = 30_000

/** ms before the second attempt; doubles with each. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60 * 60 * 1000
/** ms; longer pauses are left to the alarm. */
const BY_TIMER = 30_000

export interface HookRunnerParts {
  tasks: HookTasks
  definitions(): ReadonlyMap<string, AnyCollectionDefinition>
  entrypoint(): HooksEntrypoint
  log(): Logger
  /** To be called when the time at which something is due has changed. */
  reschedule(): void
}

/**
 * Tells hooks of writes: of one account and collection one after the other, of several at once. What fails is tried again
 * later and keeps back what comes after it in its lane only; what fails too often is given up.
 */
export class HookRunner {
  readonly #parts: HookRunnerParts
  /** Lanes that are under way, by collection. */
  readonly #running = new Map<string, Map<string, Promise<void>>>()

  readonly job: Job = {
    name: 'run hooks',
    due: () => this.#due(),
    run: async () => {
      this.kick()
      for (let some = this.#all(); some.length > 0; some = this.#all()) await Promise.race(some)
    },
  }

  constructor(parts: HookRunnerParts) {
    this.#parts = parts
  }

  /** Starts whatever is due and has room. */
  kick(): void {
    const now = Date.now()
    for (const [collection, definition] of this.#parts.definitions()) {
      if (!definition.afterWrite) continue
      const running = this.#runningOf(collection)
      const room = AT_ONCE - running.size
      if (room <= 0) continue
      const due = this.#parts.tasks.dueLanes(collection, now, AT_ONCE + running.size)
      for (const did of due.filter((lane) => !running.has(lane)).slice(0, room)) {
        const run = this.#attempt(collection, did, definition).finally(() => {
          running.delete(did)
          this.kick()
        })
        running.set(did, run)
      }
    }
  }

  async #attempt(
    collection: string,
    did: string,
    definition: AnyCollectionDefinition,
  ): Promise<void> {
    const { tasks, log } = this.#parts
    const most = definition.attempts ?? ATTEMPTS
    const task = tasks.begin(collection, did)
    if (!task) return
    // Earlier attempts were never heard of again: the process ended with each.
    if (task.attempts > most) return tasks.giveUp(task, 'it never came to an end', Date.now())
    const outcome = await this.#call(task, definition.timeout ?? TIMEOUT)
    counters.noteHook(collection, outcome.ok)
    const now = Date.now()
    if (outcome.ok) return tasks.done(task, now)
    const { rkey, rev, attempts } = task
    const about = { account: did, collection, rkey, rev, attempts }
    if (attempts >= most) {
      log().error('a hook was given up', new Error(outcome.error), about)
      return tasks.giveUp(task, outcome.error, now)
    }
    log().error('a hook failed', new Error(outcome.error), about)
    const pause = Math.min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    tasks.retry(task, now + pause)
    this.#parts.reschedule()
    // The alarm waits for hooks that are under way, which may take long.
    if (pause <= BY_TIMER) setTimeout(() => this.kick(), pause)
  }

  async #call(task: HookTask, timeout: number): Promise<HookOutcome> {
    const { id: _, attempts: attempt, ...write } = task
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<HookOutcome>((resolve) => {
      timer = setTimeout(() => resolve({ ok: false, error: `no end after ${timeout} ms` }), timeout)
    })
    try {
      return await Promise.race([this.#parts.entrypoint().run({ ...write, attempt }), late])
    } catch (error) {
      return { ok: false, error: String(error) }
    } finally {
      clearTimeout(timer)
    }
  }

  #due(): number | undefined {
    const times = [...this.#parts.definitions()].flatMap(([collection, { afterWrite }]) =>
      afterWrite ? (this.#parts.tasks.dueAt(collection) ?? []) : [],
    )
    return times.length > 0 ? Math.min(...times) : undefined
  }

  #runningOf(collection: string): Map<string, Promise<void>> {
    const known = this.#running.get(collection)
    if (known) return known
    const none = new Map<string, Promise<void>>()
    this.#running.set(collection, none)
    return none
  }

  #all(): Promise<void>[] {
    return [...this.#running.values()].flatMap((running) => [...running.values()])
  }
}
