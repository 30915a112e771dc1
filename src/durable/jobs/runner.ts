import type { Failure } from '../../contracts/failure.ts'
import type { JobState, JobsEntrypoint, JobsRpc } from '../../contracts/jobs.ts'
import type { AnyJobDefinition, JobDefinitions } from '../../kernel/job-files.ts'
import type { Logger } from '../../kernel/log.ts'
import { withinTime } from '../../kernel/within-time.ts'
import { StorageError } from '../../storage/error.ts'
import type { AppJobs } from '../../storage/index/app-jobs.ts'
import { ReportedError } from '../reported-error.ts'
import type { Job } from '../scheduler.ts'
import { describeSchedule, nextRun } from './schedule.ts'

/** ms that a run may take unless its job says so, and at most: an alarm has fifteen minutes. */
const TIMEOUT = 300_000
const MAX_TIMEOUT = 600_000

/** Runs of a job that fail before its next time is waited for; the pause after the first, in ms, which doubles. */
const ATTEMPTS = 5
const FIRST_PAUSE = 60_000

/** Characters of an error that are kept. */
const MAX_ERROR = 1_000

export interface JobRunnerParts {
  jobs: AppJobs
  definitions(): JobDefinitions
  entrypoint(): JobsEntrypoint
  log(): Logger
  /** Has the job run, and the alarm look after it, should the object end. */
  start(): void
  /** To be called when the time at which something is due has changed. */
  reschedule(): void
}

/**
 * Runs the project's jobs, one after the other. What was due while the host did not run, or broke off with it, is run once; what
 * fails is run again.
 */
export class JobRunner implements JobsRpc {
  readonly #parts: JobRunnerParts

  readonly job: Job = {
    name: 'run jobs of the app',
    due: () => this.#earliest()?.nextAt,
    run: async () => {
      for (;;) {
        const next = this.#earliest()
        if (!next || next.nextAt > Date.now()) break
        await this.#run(next)
      }
      this.#parts.reschedule()
    },
  }

  constructor(parts: JobRunnerParts) {
    this.#parts = parts
  }

  /**
   * Takes over the jobs of this release. One whose schedule is wrong is named in the log, and does not run. One whose file cannot
   * be loaded waits, with what is known of it, for a release in which it can.
   *
   * @param wasStuck whether the host was ended since it did not answer: what ran then has failed
   */
  adopt(now: number, wasStuck = false): void {
    const { jobs } = this.#parts
    const { definitions: wanted, failed } = this.#parts.definitions()
    for (const known of jobs.all()) {
      const { name } = known
      const error = failed.get(name)
      if (error) {
        const failures = Math.max(known.failures, 1)
        jobs.set({ ...known, startedAt: null, failures, error: error.message.slice(0, MAX_ERROR) })
      }
      if (!error && !wanted.has(name)) jobs.remove(name)
    }
    for (const [name, definition] of wanted) {
      const known = jobs.find(name)
      const schedule = describeSchedule(definition)
      const isGuilty = wasStuck && known !== undefined && known.startedAt !== null
      if (known?.schedule === schedule && !isGuilty) continue
      const nextAt = this.#next(name, definition, now)
      if (isGuilty && nextAt !== undefined && known.schedule === schedule) {
        this.#fail(known, { error: STUCK }, nextAt, now)
        continue
      }
      if (nextAt === undefined) jobs.remove(name)
      else jobs.set({ ...(known ?? NEW), name, schedule, nextAt, failures: 0, error: null })
    }
  }

  wake(): void {
    this.#parts.reschedule()
  }

  list(): JobState[] {
    return this.#parts.jobs.all()
  }

  start(name: string): void {
    const { jobs, start } = this.#parts
    const known = jobs.find(name)
    if (!known) throw new StorageError('InvalidRequest', `There is no job ${name} on this host`)
    const error = this.#parts.definitions().failed.get(name)
    if (error) throw new StorageError('InvalidRequest', error.message)
    jobs.set({ ...known, nextAt: Date.now() })
    start()
  }

  #earliest(): JobState | undefined {
    const { failed } = this.#parts.definitions()
    return this.#parts.jobs
      .all()
      .filter(({ name }) => !failed.has(name))
      .reduce<JobState | undefined>(
        (first, one) => (first && first.nextAt <= one.nextAt ? first : one),
        undefined,
      )
  }

  /** undefined, and said in the log: there is no such time. */
  #next(name: string, definition: AnyJobDefinition, after: number): number | undefined {
    try {
      return nextRun(definition, after)
    } catch (error) {
      this.#parts.log().error('a job has no time at which it runs', error, { job: name })
      return undefined
    }
  }

  async #run(before: JobState): Promise<void> {
    const { jobs, definitions } = this.#parts
    const { name, failures } = before
    const definition = definitions().definitions.get(name)
    if (!definition) return jobs.remove(name)
    const startedAt = Date.now()
    jobs.set({ ...before, startedAt })
    const attempt = failures + 1
    const failure = await this.#call(name, definition, before.lastRun ?? undefined, attempt)
    const now = Date.now()
    const next = this.#next(name, definition, now)
    // It had its last time.
    if (next === undefined) return jobs.remove(name)
    const ended = { ...(jobs.find(name) ?? before), startedAt: null }
    if (failure === undefined) {
      const done = { lastRun: startedAt, lastMs: now - startedAt, failures: 0, error: null }
      return jobs.set({ ...ended, ...done, nextAt: next })
    }
    this.#fail({ ...ended, failures }, failure, next, now)
  }

  /** @param next when it runs by its schedule, in ms since the epoch */
  #fail(job: JobState, failure: Failure, next: number, now: number): void {
    const attempt = job.failures + 1
    this.#parts.log().error('a job failed', new ReportedError(failure), { job: job.name, attempt })
    const retry = now + FIRST_PAUSE * 2 ** ((attempt - 1) % ATTEMPTS)
    const isOver = attempt % ATTEMPTS === 0
    const nextAt = isOver ? next : Math.min(retry, next)
    const failed = { failures: attempt, error: failure.error.slice(0, MAX_ERROR) }
    this.#parts.jobs.set({ ...job, ...failed, startedAt: null, nextAt })
  }

  /** @returns why it failed */
  async #call(
    name: string,
    definition: AnyJobDefinition,
    lastRun: number | undefined,
    attempt: number,
  ): Promise<Failure | undefined> {
    const timeout = Math.min(definition.timeout ?? TIMEOUT, MAX_TIMEOUT)
    try {
      const call = this.#parts.entrypoint().run({ name, lastRun, attempt, timeout })
      return await withinTime(call, timeout, { error: `no end after ${timeout} ms` })
    } catch (error) {
      return { error: String(error) }
    }
  }
}

const STUCK = 'the host did not answer any more while it ran'

const NEW = { startedAt: null, lastRun: null, lastMs: null }
