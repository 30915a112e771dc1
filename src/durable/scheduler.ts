/**
 * Background work of a Durable Object: named jobs over its single alarm. When a job is due follows from what is
 * stored, or is noted in the `job` table; a job that fails is tried again, with back-off, until it succeeds.
 */
import type { Logger } from '../kernel/log.ts'
import type { JobTable, ScheduledJob } from '../storage/jobs.ts'

/** One kind of background work. A new kind is one more of these, given to the object's `Scheduler`. */
export interface Job {
  /** Stands in the log and in the `job` table, so it stays the same. */
  readonly name: string
  /** When the job is due by what is stored, in ms since the epoch; undefined: there is nothing to do. */
  due?(): number | undefined
  /** Does what is due. Work that was cut off by a crash is done again. */
  run(): Promise<void>
  /** After a run: in how many ms it is to run again, whatever `due` says. */
  repeatAfter?(): number | undefined
  /** The longest pause after failures, in ms; `LONGEST_RETRY` unless given. */
  readonly maxBackoff?: number
  /** Called when it is started while it runs, where a run may take on more and more. */
  again?(): void
  /** The same job: resolves when a run that is under way is over with what there is to do now, or altogether. */
  settled?(): Promise<void>
}

/** How long after a job was started the alarm looks whether it is done, and the first pause after a failure, in ms. */
export const INITIAL_BACKOFF = 10_000

/** The longest pause between two attempts, in ms; it doubles up to here. */
export const MAX_BACKOFF = 10 * 60 * 1000

/** Time from one alarm to the next, at least, in ms. */
const MIN_INTERVAL = 1000

/** The disk, as far as jobs are concerned. */
export interface Room {
  untilRoom(): Promise<void>
}

export class Scheduler {
  readonly #room: Room | undefined
  readonly #ctx: DurableObjectState
  readonly #table: JobTable
  readonly #log: () => Logger
  readonly #jobs: readonly Job[]
  readonly #running = new Map<string, Promise<void>>()
  /** Rows of the table; undefined: not read yet. */
  #scheduled: Map<string, ScheduledJob> | undefined
  /** For when the alarm is set, as far as is known; 0: unknown, or it has fired. */
  #alarmAt = 0

  /**
   * @param log the logger, looked up when something is to be logged
   * @param room where there is no room to write, jobs wait for it
   */
  constructor(
    ctx: DurableObjectState,
    table: JobTable,
    log: () => Logger,
    jobs: readonly Job[],
    room?: Room,
  ) {
    this.#room = room
    this.#ctx = ctx
    this.#table = table
    this.#log = log
    this.#jobs = jobs
  }

  /**
   * Runs a job at once. The alarm is set first, in the same storage transaction as the write that is the cause,
   * so that a crash in between delays the work and loses nothing.
   */
  start(job: Job): void {
    const now = Date.now()
    const check = now + INITIAL_BACKOFF
    // One that is known of may be hours away, for another job.
    if (this.#alarmAt < now || this.#alarmAt > check) this.#setAlarm(check)
    this.#ctx.waitUntil(this.#run(job))
  }

  /**
   * Goes on with a job of an earlier life of the object, whose alarm was set with the write that was the cause. Where
   * there is no room to write, it is waited for: what is tried before fails, and takes down an object that can be read.
   */
  async resume(job: Job): Promise<void> {
    await this.#room?.untilRoom()
    const alarm = await this.#ctx.storage.getAlarm()
    if (this.#alarmAt === 0) this.#alarmAt = alarm ?? 0
    this.start(job)
  }

  /** Resolves when the run of a job that is under way is over, successful or not, or done with what there is to do now. */
  async finished(job: Job): Promise<void> {
    const running = this.#running.get(job.name)
    await (running && job.settled ? Promise.race([running, job.settled()]) : running)
  }

  /**
   * Lets a job run `delay` ms from now, unless a time to come is noted already. Costs a row, written in the same
   * storage transaction as what calls for it.
   */
  runLater(job: Job, delay: number): void {
    const row = this.#rows().get(job.name)
    const isOver = this.#running.has(job.name) && (row?.dueAt ?? 0) <= Date.now()
    if (row && !isOver) {
      // The platform gives up an alarm that failed a few times, as after a release whose objects do not start.
      if (row.dueAt < Date.now() && this.#alarmAt === 0) this.#setAlarm(row.dueAt)
      return
    }
    this.#note({ name: job.name, dueAt: Date.now() + delay, failures: 0 })
    this.#setAlarm(this.#earliest() ?? 0)
  }

  /** Whether a run is under way, or noted for later. */
  isPending(job: Job): boolean {
    return this.#running.has(job.name) || this.#rows().has(job.name)
  }

  /** Sets the alarm for what is due next, unless it fires before that; for when due times have changed. */
  async reschedule(pause = 0): Promise<void> {
    const earliest = this.#earliest()
    if (earliest === undefined) return
    const at = Math.max(earliest, Date.now() + pause)
    const current = await this.#ctx.storage.getAlarm()
    if (current === null || current > at) this.#setAlarm(at)
  }

  /** To be called by the object's `alarm`: runs what is due, one job after the other. */
  async onAlarm(): Promise<void> {
    await this.#room?.untilRoom()
    // Should it ring early, what it was set for is due.
    const setFor = this.#alarmAt
    this.#alarmAt = 0
    for (const job of this.#jobs) {
      const due = this.#due(job) ?? Number.POSITIVE_INFINITY
      // One job makes work for the next, which is due from then on.
      const isDue = due <= Math.max(Date.now(), setFor)
      if (!isDue && !this.#running.has(job.name)) continue
      const run = this.#run(job)
      await (job.settled ? this.finished(job) : run)
      // A run that is done is over before it is looked what is due next.
      if (job.settled) await scheduler.wait(0)
    }
    // Failures do not throw: the platform repeats an alarm that throws a few times only.
    await this.reschedule(MIN_INTERVAL)
  }

  /** Forgets what is kept in memory, after the store was emptied. */
  clearCache(): void {
    this.#scheduled = undefined
    this.#alarmAt = 0
  }

  /** After a failure only the next attempt counts. */
  #due(job: Job): number | undefined {
    const row = this.#rows().get(job.name)
    if (row && row.failures > 0) return row.dueAt
    const times = [row?.dueAt, job.due?.()].filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** One run of a job at a time. */
  #run(job: Job): Promise<void> {
    const known = this.#running.get(job.name)
    if (known) {
      job.again?.()
      return known
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    // Before it begins: what it does first may be to ask for itself.
    this.#running.set(job.name, promise)
    resolve(this.#attempt(job).finally(() => this.#running.delete(job.name)))
    return promise
  }

  async #attempt(job: Job): Promise<void> {
    const { name } = job
    const before = this.#rows().get(name)
    try {
      await job.run()
      const again = job.repeatAfter?.()
      if (again !== undefined) this.#note({ name, dueAt: Date.now() + again, failures: 0 })
      // Meanwhile a further run may have been asked for.
      else if (before && this.#rows().get(name) === before) this.#forgetRow(name)
    } catch (error) {
      this.#log().error('a background job failed', error, { job: name })
      const failures = (before?.failures ?? 0) + 1
      const longest = job.maxBackoff ?? MAX_BACKOFF
      const pause = Math.min(INITIAL_BACKOFF * 2 ** (failures - 1), longest)
      this.#note({ name, dueAt: Date.now() + pause, failures })
      this.#setAlarm(this.#earliest(job) ?? 0)
    }
  }

  #rows(): Map<string, ScheduledJob> {
    this.#scheduled ??= new Map(this.#table.all().map((row) => [row.name, row]))
    return this.#scheduled
  }

  #note(row: ScheduledJob): void {
    this.#rows().set(row.name, row)
    this.#table.set(row)
  }

  #forgetRow(name: string): void {
    this.#rows().delete(name)
    this.#table.remove(name)
  }

  /** When the next job is due; of one that is running, and has not just `failed`, when to look whether it is done. */
  #earliest(failed?: Job): number | undefined {
    const check = Date.now() + INITIAL_BACKOFF
    const isRunning = (job: Job) => job !== failed && this.#running.has(job.name)
    const times = this.#jobs
      .map((job) => (isRunning(job) ? check : this.#due(job)))
      .filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  #setAlarm(at: number): void {
    this.#alarmAt = at
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(at))
  }
}
