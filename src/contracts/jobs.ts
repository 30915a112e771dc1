/** The project's jobs, as the host's index runs them. */
import type { Answer } from './answer.ts'

/** How a job is doing; times in ms since the epoch. */
export interface JobState {
  name: string
  /** `every 15 minutes`, `cron 0 3 * * *` */
  schedule: string
  /** When it runs next; in the past: it is about to, or does. */
  nextAt: number
  /** When a run began that has not ended. */
  startedAt: number | null
  /** When the last run that succeeded began, and how long it took. */
  lastRun: number | null
  lastMs: number | null
  /** Runs that failed since, and what the last of them said. */
  failures: number
  error: string | null
}

export interface JobsRpc {
  /** Makes sure that the object knows of the jobs of this release. */
  wake(): Answer<void>
  list(): Answer<JobState[]>
  /** Has one run now, whatever its schedule. @throws StorageError `InvalidRequest` where there is none of the name */
  start(name: string): Answer<void>
}

export interface JobCall {
  name: string
  /** ms since the epoch */
  lastRun: number | undefined
  attempt: number
  /** ms */
  timeout: number
}

/** The entrypoint in which jobs run. */
export interface JobsEntrypoint {
  /** @returns why it failed; undefined: it did not */
  run(call: JobCall): Promise<string | undefined>
}
