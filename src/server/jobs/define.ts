/** What a file of `src/jobs/` is made of. */
import type { Services } from '../../context/services.ts'
import type { JobSchedule } from '../../kernel/job-files.ts'
import type { Logger } from '../../kernel/log.ts'

/** What a run of a job is given. */
export interface JobRun {
  readonly services: Services
  readonly log: Logger
  /** When the last run that succeeded began; undefined: none has yet. */
  readonly lastRun: Date | undefined
  /** 1, and more after failures. */
  readonly attempt: number
  /** Aborted at the timeout: what is passed on to `fetch` ends then. */
  readonly signal: AbortSignal
}

/** What a job file exports. */
export type JobDefinition = JobSchedule & {
  /** What it throws has it run again, after 1, 2, 4, 8 minutes; then at its next time. */
  run(run: JobRun): Promise<void> | void
  /** ms that a run may take, 600,000 at most. Default: 300,000. */
  readonly timeout?: number
}

/** A job of this host: one run at a time, and what was missed is done once. */
export const job = (definition: JobDefinition): JobDefinition => definition
