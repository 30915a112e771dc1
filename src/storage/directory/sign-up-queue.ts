import { StorageError } from '../error.ts'

/** A sign-up that waits for the operator's approval. */
export interface WaitingSignUp {
  did: string
  handle: string
  email: string | null
  /** ms since the epoch. */
  since: number
  /** The first operation of its did:plc, as JSON, which is not sent before it is approved; null: it has its identity. */
  genesis: string | null
  /** It was refused, for this reason, and is being removed. */
  refused: string | null
}

export interface SignUpPage {
  waiting: WaitingSignUp[]
  /** How many wait in all. */
  total: number
}

/** How far a listing of the queue has got. */
export type SignUpPlace = Pick<WaitingSignUp, 'since' | 'did'>

type Row = {
  did: string
  handle: string
  email: string | null
  since: number
  genesis: string | null
  refused: string | null
}

const COLUMNS = 'did, handle, email, since, genesis, refused'

/** Sign-ups that wait for the operator's approval, the oldest first. */
export class SignUpQueue {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @throws StorageError `SignUpQueueFull` (429) when `max` wait */
  assertRoom(max: number): void {
    if (this.#count() < max) return
    throw new StorageError(
      'SignUpQueueFull',
      'Too many sign-ups wait for approval on this host: try again in some days',
      429,
    )
  }

  add(did: string, genesis: string | null): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO sign_up_queue (did, since, genesis) VALUES (?, ?, ?)',
      did,
      Date.now(),
      genesis,
    )
  }

  get(did: string): WaitingSignUp | undefined {
    return this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM sign_up_queue JOIN account USING (did) WHERE did = ?`, did)
      .toArray()[0]
  }

  /** How many wait that came no later, this one included; undefined: it does not wait. Reads a row for each. */
  place(did: string): number | undefined {
    const { place } = this.#sql
      .exec<{ place: number }>(
        `SELECT count(*) AS place FROM sign_up_queue AS own
         JOIN sign_up_queue AS other ON (other.since, other.did) <= (own.since, own.did)
         WHERE own.did = ? AND other.refused IS NULL`,
        did,
      )
      .one()
    return place > 0 ? place : undefined
  }

  list(limit: number, after: SignUpPlace = { since: 0, did: '' }): SignUpPage {
    const waiting = this.#sql
      .exec<Row>(
        `SELECT ${COLUMNS} FROM sign_up_queue JOIN account USING (did)
         WHERE (since, did) > (?, ?) ORDER BY since, did LIMIT ?`,
        after.since,
        after.did,
        limit,
      )
      .toArray()
    return { waiting, total: this.#count() }
  }

  /** @returns false where it was refused already, or does not wait */
  refuse(did: string, reason: string): boolean {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE sign_up_queue SET refused = ? WHERE did = ? AND refused IS NULL',
      reason,
      did,
    )
    return rowsWritten > 0
  }

  remove(did: string): void {
    this.#sql.exec('DELETE FROM sign_up_queue WHERE did = ?', did)
  }

  /** Those that were refused and are not gone yet, and those that have waited since before `since`. */
  overdue(since: number, limit: number): string[] {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM sign_up_queue WHERE refused IS NOT NULL OR since < ? ORDER BY since LIMIT ?',
        since,
        limit,
      )
      .toArray()
      .map(({ did }) => did)
  }

  #count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM sign_up_queue').one().n
  }
}
