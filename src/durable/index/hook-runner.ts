import type { Failure } from '../../contracts/failure.ts'
import type { HookReport, HooksEntrypoint } from '../../contracts/host-index.ts'
import type { AnyCollectionDefinition } from '../../kernel/collection-files.ts'
import type { Logger } from '../../kernel/log.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { anyWithin, withinTime } from '../../kernel/within-time.ts'
import type { HookTask } from '../../storage/index/task.ts'
import type { HookTasks, TaskEnd } from '../../storage/index/tasks.ts'
import { ReportedError } from '../reported-error.ts'
import type { Job } from '../scheduler.ts'

/** Accounts of one collection whose hooks are under way at once. */
const AT_ONCE = 16

/** Accounts that are looked at for that while some may have to wait for another that is suspected like they are. */
const CONSIDERED = 64

/** How many attempts may end with an error, unless the collection says so. */
const ATTEMPTS = 10

/**
 * Attempts in a row that may end without a word: each may have cost a restart. More than a host that is killed for other reasons
 * has bad luck with: what was under way is the first to be tried after each start.
 */
const UNHEARD = 8

/**
 * The same of those that ended with a host that did not answer any more: the first may have been beside the one that looped, the
 * others were tried with no other of their kind.
 */
const STUCK = 3

/** ms that a hook may take, unless the collection says so. */
const TIMEOUT = 30_000

/** ms that the alarm waits for hooks that are under way, and other jobs with it; it looks again soon. */
const LONGEST_RUN = 10_000

/** ms before the second attempt; doubles with each. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60 * 60 * 1000
/** ms until what has ended is stored. */
const LATEST = 100
/** ms; longer pauses are left to the alarm. */
const BY_TIMER = 30_000

export interface HookRunnerParts {
  tasks: HookTasks
  definitions(): ReadonlyMap<string, AnyCollectionDefinition>
  entrypoint(): HooksEntrypoint
  log(): Logger
  /** To be called when the time at which something is due has changed. */
  reschedule(): void
  /** Has the job run, and the alarm look after it, should the object end. */
  start(): void
  /** Whether none may be told now. */
  isHeld(): boolean
  /** There is room for writes that had none. */
  freed(): void
}

/**
 * Tells hooks of writes: of one account and collection one after the other, of several at once. What fails is tried again
 * later and keeps back what comes after it in its lane only; what fails too often is given up.
 */
export class HookRunner {
  readonly #parts: HookRunnerParts
  /** Accounts with an attempt that is under way, by collection. */
  readonly #running = new Map<string, Set<string>>()
  /** The collection in which one is under way that may end the process: no more than one is, of all. */
  readonly #suspects = new Set<string>()
  readonly #calls = new Set<Promise<void>>()
  /** Attempts that have ended, and whose end is not stored yet. */
  #ended: (readonly [HookTask, TaskEnd])[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  readonly job: Job = {
    name: 'run hooks',
    due: () => this.#due(),
    run: async () => {
      this.kick()
      // Where much is written one of them is always under way: other jobs do not wait for that.
      const until = Date.now() + LONGEST_RUN
      while (this.#calls.size > 0 && Date.now() < until) {
        await anyWithin(this.#calls, until - Date.now())
      }
    },
  }

  constructor(parts: HookRunnerParts) {
    this.#parts = parts
  }

  /** Stores what has ended, and starts whatever is due and has room. */
  kick(): void {
    this.#flush()
    if (this.#parts.isHeld()) return
    for (const [collection, definition] of this.#parts.definitions()) {
      if (definition.afterWrite) this.#start(collection, definition)
    }
  }

  /** Resolves when nothing is under way any more, and what came of all is stored; for when none may be told. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) await Promise.race(this.#calls)
    this.#flush()
  }

  #start(collection: string, definition: AnyCollectionDefinition): void {
    const { tasks } = this.#parts
    const running = this.#runningOf(collection)
    const room = AT_ONCE - running.size
    if (room <= 0) return
    const mayBeSuspect = this.#suspects.size === 0
    const due = tasks.lanes
      .due(collection, Date.now(), (mayBeSuspect ? AT_ONCE : CONSIDERED) + running.size)
      .filter((did) => !running.has(did))
    if (due.length === 0) return
    const begun = tasks.begin(collection, due, { room, mayBeSuspect, now: Date.now() })
    // Suspects that wait for another one.
    if (begun.length === 0) return
    for (const task of begun) {
      running.add(task.did)
      if (isSuspect(task)) this.#suspects.add(collection)
    }
    // What failed before may do so by ending the invocation: nobody else is in it.
    const isAlone = (task: HookTask) => task.attempts > 0 || isSuspect(task)
    const together = begun.filter((task) => !isAlone(task))
    for (const group of [together, ...begun.filter(isAlone).map((task) => [task])]) {
      if (group.length === 0) continue
      const call = this.#call(group, definition).finally(() => this.#calls.delete(call))
      this.#calls.add(call)
    }
    this.#parts.start()
  }

  async #call(group: readonly HookTask[], definition: AnyCollectionDefinition): Promise<void> {
    const timeout = definition.timeout ?? TIMEOUT
    const most = definition.attempts ?? ATTEMPTS
    const waiting = new Map(group.map((task) => [task.id, task]))
    const report = (reports: readonly HookReport[]) => {
      const heard = reports.flatMap(({ id, ...failure }) => {
        const task = waiting.get(id)
        return task && waiting.delete(id) ? [[task, failure] as const] : []
      })
      if (heard.length > 0) this.#end(heard, most)
    }
    const fail = (error: string) => report([...waiting.keys()].map((id) => ({ id, error })))
    // Earlier attempts were never heard of again: the process ended with each.
    if (group.some(isHopeless)) {
      await Promise.resolve()
      return fail(
        group.some(({ stuck }) => stuck >= STUCK)
          ? 'the host did not answer any more while it ran'
          : 'it never came to an end',
      )
    }
    try {
      const call = this.#parts.entrypoint().run([...group], timeout, report)
      report(await withinTime(call, timeout, []))
      fail(`no end after ${timeout} ms`)
    } catch (error) {
      fail(String(error))
    }
  }

  #end(heard: readonly (readonly [HookTask, Partial<Failure>])[], most: number): void {
    const now = Date.now()
    let next = Number.POSITIVE_INFINITY
    const ended = heard.map(([task, { error, stack }]): readonly [HookTask, TaskEnd] => {
      const { collection, did, rkey, rev } = task
      // What ended without a word says more of the host than of the hook: it does not count here.
      const attempts = task.attempts + 1
      counters.noteHook(collection, error === undefined)
      if (error === undefined) return [task, { done: true }]
      const isOver = attempts >= most || isHopeless(task)
      const about = { account: did, collection, rkey, rev, attempts }
      const what = isOver ? 'a hook was given up' : 'a hook failed'
      this.#parts.log().error(what, new ReportedError({ error, stack }), about)
      if (isOver) return [task, { done: false, error, isUntried: isHopeless(task) }]
      const pause = Math.min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
      next = Math.min(next, pause)
      return [task, { done: false, error, again: now + pause }]
    })
    this.#ended.push(...ended)
    // One more write to the disk for each would cost those who write to their repositories: the next page of the log takes
    // it along, unless somebody waits for it.
    const isUrgent = ended.some(
      ([task, end]) => !end.done || isSuspect(task) || this.#parts.tasks.hasNext(task),
    )
    if (!isUrgent) {
      this.#timer ??= setTimeout(() => this.kick(), LATEST)
      return
    }
    this.#flush()
    if (Number.isFinite(next)) this.#parts.reschedule()
    // The alarm waits for hooks that are under way, which may take long.
    if (next <= BY_TIMER) setTimeout(() => this.kick(), next)
    this.kick()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#ended.length === 0) return
    const ended = this.#ended
    this.#ended = []
    this.#parts.tasks.end(ended, Date.now())
    this.#parts.freed()
    for (const [task] of ended) {
      this.#runningOf(task.collection).delete(task.did)
      if (isSuspect(task)) this.#suspects.delete(task.collection)
    }
  }

  #due(): number | undefined {
    if (this.#parts.isHeld()) return undefined
    const times = [...this.#parts.definitions()].flatMap(([collection, { afterWrite }]) =>
      afterWrite ? (this.#parts.tasks.lanes.dueAt(collection) ?? []) : [],
    )
    return times.length > 0 ? Math.min(...times) : undefined
  }

  #runningOf(collection: string): Set<string> {
    const known = this.#running.get(collection)
    if (known) return known
    const none = new Set<string>()
    this.#running.set(collection, none)
    return none
  }
}

/** The attempt before this one ended with the process, and perhaps the process with it. */
const isSuspect = ({ unheard }: HookTask): boolean => unheard > 1

const isHopeless = ({ unheard, stuck }: HookTask): boolean => unheard > UNHEARD || stuck >= STUCK
