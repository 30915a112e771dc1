/** How far each webhook is in the log, and how its deliveries are doing. */

/** A page of the log that was delivered in part: what is not to be sent again, and how often the rest was refused. */
export interface WebhookProgress {
  /** Keys of writes. */
  done: string[]
  /** Times that a write was refused, by its key. */
  refused: Record<string, number>
}

export interface WebhookState {
  id: number
  /** Number of the event up to which all is done. */
  seq: number
  delivered: number
  /** Writes of accounts that were gone by the time. */
  skipped: number
  /** How often events had left the log before they were looked at. */
  lost: number
  /** Attempts in a row that failed, and why the last did. */
  attempts: number
  error: string | null
  /** ms since the epoch; null: it does not fail. */
  failingSince: number | null
  /** When the next attempt is due, in ms since the epoch; 0: as soon as there is something. */
  nextAt: number
  progress: WebhookProgress | null
}

type Row = Omit<WebhookState, 'failingSince' | 'nextAt' | 'progress'> & {
  failing_since: number | null
  next_at: number
  progress: string | null
}

export class WebhookStates {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Whether there are any. */
  any(): boolean {
    return this.#sql.exec('SELECT 1 FROM webhook_state LIMIT 1').toArray().length > 0
  }

  find(id: number): WebhookState | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM webhook_state WHERE id = ?', id).toArray()
    if (!row) return undefined
    const { failing_since: failingSince, next_at: nextAt, progress, ...rest } = row
    return {
      ...rest,
      ...{ failingSince, nextAt },
      progress: progress === null ? null : JSON.parse(progress),
    }
  }

  /** Begins behind an event. */
  begin(id: number, seq: number): WebhookState {
    const state: WebhookState = {
      ...{ id, seq, delivered: 0, skipped: 0, lost: 0, attempts: 0 },
      ...{ error: null, failingSince: null, nextAt: 0, progress: null },
    }
    this.set(state)
    return state
  }

  set(state: WebhookState): void {
    const { id, seq, delivered, skipped, lost, attempts, error, failingSince, nextAt } = state
    const progress = state.progress && JSON.stringify(state.progress)
    this.#sql.exec(
      `INSERT OR REPLACE INTO webhook_state
         (id, seq, delivered, skipped, lost, attempts, error, failing_since, next_at, progress)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, seq, delivered, skipped, lost, attempts, error, failingSince, nextAt, progress],
    )
  }

  /** Forgets those that are not among some, with what they were not told of. */
  keep(ids: readonly number[]): void {
    const kept = JSON.stringify(ids)
    for (const [table, column] of [
      ['webhook_state', 'id'],
      ['webhook_letter', 'webhook'],
    ]) {
      this.#sql.exec(
        `DELETE FROM ${table} WHERE ${column} NOT IN (SELECT value FROM json_each(?))`,
        kept,
      )
    }
  }
}
