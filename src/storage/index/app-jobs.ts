/** How the project's jobs are doing: a row for each. */
import type { JobState } from './job-state.ts'

type Row = {
  name: string
  schedule: string
  next_at: number
  started_at: number | null
  last_run: number | null
  last_ms: number | null
  failures: number
  error: string | null
}

export class AppJobs {
  readonly #sql: SqlStorage
  /** Read once. */
  #known: Map<string, JobState> | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  all(): JobState[] {
    return [...this.#all().values()]
  }

  find(name: string): JobState | undefined {
    return this.#all().get(name)
  }

  set(job: JobState): void {
    this.#all().set(job.name, job)
    const { name, schedule, nextAt, startedAt, lastRun, lastMs, failures, error } = job
    this.#sql.exec(
      `INSERT OR REPLACE INTO app_job
         (name, schedule, next_at, started_at, last_run, last_ms, failures, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[name, schedule, nextAt, startedAt, lastRun, lastMs, failures, error],
    )
  }

  remove(name: string): void {
    this.#all().delete(name)
    this.#sql.exec('DELETE FROM app_job WHERE name = ?', name)
  }

  #all(): Map<string, JobState> {
    this.#known ??= new Map(
      this.#sql
        .exec<Row>('SELECT * FROM app_job ORDER BY name')
        .toArray()
        .map(({ name, schedule, failures, error, ...row }) => [
          name,
          {
            ...{ name, schedule, failures, error },
            nextAt: row.next_at,
            startedAt: row.started_at,
            lastRun: row.last_run,
            lastMs: row.last_ms,
          },
        ]),
    )
    return this.#known
  }
}
