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
