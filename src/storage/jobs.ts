/** Background jobs of a Durable Object whose next run does not follow from other tables. */

/** The statement that creates the table; part of the migrations of all objects. */
export const JOB_TABLE = `
  CREATE TABLE job (
    name TEXT PRIMARY KEY,
    due_at INTEGER NOT NULL,
    failures INTEGER NOT NULL
  ) WITHOUT ROWID;
`

/** One job that waits for a fixed time or its next attempt. */
export interface ScheduledJob {
  name: string
  /** ms since the epoch. */
  dueAt: number
  /** Runs that failed in a row. */
  failures: number
}

type Row = { name: string; due_at: number; failures: number }

/** A row for each job that waits for a fixed time or for its next attempt; as a rule there is none. */
export class JobTable {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  all(): ScheduledJob[] {
    return this.#sql
      .exec<Row>('SELECT * FROM job')
      .toArray()
      .map(({ name, due_at, failures }) => ({ name, dueAt: due_at, failures }))
  }

  set({ name, dueAt, failures }: ScheduledJob): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO job (name, due_at, failures) VALUES (?, ?, ?)',
      name,
      dueAt,
      failures,
    )
  }

  remove(name: string): void {
    this.#sql.exec('DELETE FROM job WHERE name = ?', name)
  }
}
