import type { LoggedChange } from './feed.ts'

/** A write that a hook is to be told of. */
export interface HookTask {
  id: number
  collection: string
  did: string
  rkey: string
  action: LoggedChange['action']
  rev: string
  cid: Uint8Array | null
  /** DAG-CBOR; null for a deletion. */
  block: Uint8Array | null
  /** How often it was tried, the attempt that is under way included. */
  attempts: number
}

/** One that was given up. */
export interface HookLetter extends HookTask {
  error: string
  /** ms since the epoch. */
  failedAt: number
}

/** How hooks of one collection are doing. */
export interface HookCounts {
  collection: string
  /** Writes that wait, those that are under way included. */
  waiting: number
  /** Attempts that failed. */
  failed: number
  /** Given up, and kept. */
  letters: number
  /** Given up, and not kept any more, since there were too many. */
  dropped: number
}

/** Given up writes that are kept, of each collection. */
export const MAX_LETTERS = 1_000

/** Characters of an error that are kept. */
const MAX_ERROR = 500

type Row = Omit<HookTask, 'cid' | 'block'> & { cid: ArrayBuffer | null; block: ArrayBuffer | null }
type LetterRow = Row & { error: string; failed_at: number }

const toTask = ({ cid, block, ...rest }: Row): HookTask => ({
  ...rest,
  cid: cid && new Uint8Array(cid),
  block: block && new Uint8Array(block),
})

/**
 * Writes that hooks are to be told of. Those of one account and collection are a lane: they are told one after the other,
 * and while the first of them waits for its next attempt, the others wait behind it.
 */
export class HookTasks {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  /** To be called in the transaction that moves the position in the log. */
  add(
    did: string,
    rev: string,
    { collection, rkey, action, cid, block }: LoggedChange,
    now: number,
  ): void {
    this.#sql.exec(
      `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
      ...[collection, did, rkey, action, rev, cid ?? null, block ?? null],
    )
    this.#sql.exec(
      'INSERT OR IGNORE INTO hook_lane (collection, did, due_at) VALUES (?, ?, ?)',
      collection,
      did,
      now,
    )
  }

  /** When the next task of a collection is due, in ms since the epoch. */
  dueAt(collection: string): number | undefined {
    return (
      this.#sql
        .exec<{ due: number | null }>(
          'SELECT min(due_at) AS due FROM hook_lane WHERE collection = ?',
          collection,
        )
        .one().due ?? undefined
    )
  }

  /** The accounts whose first task of a collection is due, the longest waiting first. */
  dueLanes(collection: string, now: number, limit: number): string[] {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM hook_lane WHERE collection = ? AND due_at <= ? ORDER BY due_at LIMIT ?',
        collection,
        now,
        limit,
      )
      .toArray()
      .map(({ did }) => did)
  }

  /**
   * The first task of a lane, which is about to be tried: that is noted first, so that one that takes the process with it is
   * given up in the end, too. A lane that has none is removed.
   *
   * It may be tried again at once, which is for whoever calls not to do while it is under way.
   */
  begin(collection: string, did: string): HookTask | undefined {
    return this.#storage.transactionSync(() => {
      const [row] = this.#sql
        .exec<Row>(
          'SELECT * FROM hook_task WHERE collection = ? AND did = ? ORDER BY id LIMIT 1',
          collection,
          did,
        )
        .toArray()
      if (!row) {
        this.#sql.exec('DELETE FROM hook_lane WHERE collection = ? AND did = ?', collection, did)
        return undefined
      }
      this.#sql.exec('UPDATE hook_task SET attempts = attempts + 1 WHERE id = ?', row.id)
      return toTask({ ...row, attempts: row.attempts + 1 })
    })
  }

  /** It is done; whatever is next in its lane may be tried. */
  done({ id, collection, did }: HookTask, now: number): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM hook_task WHERE id = ?', id)
      this.#next(collection, did, now)
    })
  }

  /** It failed, and is tried again at `dueAt`. */
  retry({ collection, did }: HookTask, dueAt: number): void {
    this.#storage.transactionSync(() => {
      this.#setDue(collection, did, dueAt)
      this.#count(collection, 'failed')
    })
  }

  /** It is given up: kept for the operator, and out of the way of what comes after it. */
  giveUp(task: HookTask, error: string, now: number): void {
    const { id, collection, did } = task
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT INTO hook_letter (collection, did, rkey, action, rev, cid, block, attempts, error, failed_at)
         SELECT collection, did, rkey, action, rev, cid, block, attempts, ?, ? FROM hook_task WHERE id = ?`,
        error.slice(0, MAX_ERROR),
        now,
        id,
      )
      this.#sql.exec('DELETE FROM hook_task WHERE id = ?', id)
      this.#next(collection, did, now)
      this.#count(collection, 'failed')
      this.#trim(collection)
    })
  }

  /** Given up writes, the newest first. */
  letters(limit: number, before = Number.MAX_SAFE_INTEGER): HookLetter[] {
    return this.#sql
      .exec<LetterRow>(
        'SELECT * FROM hook_letter WHERE id < ? ORDER BY id DESC LIMIT ?',
        before,
        limit,
      )
      .toArray()
      .map(({ error, failed_at, ...row }) => ({ ...toTask(row), error, failedAt: failed_at }))
  }

  /**
   * Puts given up writes behind what waits in their lanes.
   *
   * @param id undefined: all of them
   * @returns how many there were
   */
  replay(id: number | undefined, now: number): number {
    return this.#storage.transactionSync(() => {
      const [condition, values] = id === undefined ? ['true', []] : ['id = ?', [id]]
      const lanes = this.#sql
        .exec<{ collection: string; did: string }>(
          `SELECT DISTINCT collection, did FROM hook_letter WHERE ${condition}`,
          ...values,
        )
        .toArray()
      this.#sql.exec(
        `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
         SELECT collection, did, rkey, action, rev, cid, block, 0 FROM hook_letter
         WHERE ${condition} ORDER BY id`,
        ...values,
      )
      for (const { collection, did } of lanes) {
        this.#sql.exec(
          'INSERT OR IGNORE INTO hook_lane (collection, did, due_at) VALUES (?, ?, ?)',
          collection,
          did,
          now,
        )
      }
      return this.#removeLetters(condition, values)
    })
  }

  /** @returns how many there were */
  drop(id: number | undefined): number {
    return id === undefined ? this.#removeLetters('true', []) : this.#removeLetters('id = ?', [id])
  }

  /** Reads a row for each write that waits and for each that was given up. */
  counts(collections: readonly string[]): HookCounts[] {
    const of = (table: string, collection: string) =>
      this.#sql
        .exec<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE collection = ?`, collection)
        .one().n
    return collections.map((collection) => {
      const [row] = this.#sql
        .exec<{ failed: number; dropped: number }>(
          'SELECT failed, dropped FROM hook_count WHERE collection = ?',
          collection,
        )
        .toArray()
      return {
        collection,
        waiting: of('hook_task', collection),
        letters: of('hook_letter', collection),
        ...(row ?? { failed: 0, dropped: 0 }),
      }
    })
  }

  /** An account is gone, and with it what was given up of it; hooks are told of what still waits. */
  forget(did: string): void {
    this.#sql.exec('DELETE FROM hook_letter WHERE did = ?', did)
  }

  /** Collections for which something waits. */
  collections(): string[] {
    return this.#sql
      .exec<{ collection: string }>('SELECT DISTINCT collection FROM hook_lane')
      .toArray()
      .map(({ collection }) => collection)
  }

  #setDue(collection: string, did: string, dueAt: number): void {
    this.#sql.exec(
      'UPDATE hook_lane SET due_at = ? WHERE collection = ? AND did = ?',
      dueAt,
      collection,
      did,
    )
  }

  #next(collection: string, did: string, now: number): void {
    const more = this.#sql
      .exec('SELECT 1 FROM hook_task WHERE collection = ? AND did = ? LIMIT 1', collection, did)
      .toArray()
    if (more.length > 0) this.#setDue(collection, did, now)
    else this.#sql.exec('DELETE FROM hook_lane WHERE collection = ? AND did = ?', collection, did)
  }

  #trim(collection: string): void {
    const dropped = this.#removeLetters(
      `collection = ? AND id <= (SELECT id FROM hook_letter WHERE collection = ?
         ORDER BY id DESC LIMIT 1 OFFSET ${MAX_LETTERS})`,
      [collection, collection],
    )
    if (dropped > 0) this.#count(collection, 'dropped', dropped)
  }

  #removeLetters(condition: string, values: (string | number)[]): number {
    return this.#sql
      .exec(`DELETE FROM hook_letter WHERE ${condition} RETURNING 1`, ...values)
      .toArray().length
  }

  #count(collection: string, what: 'failed' | 'dropped', by = 1): void {
    this.#sql.exec(
      `INSERT INTO hook_count (collection, failed, dropped)
       VALUES (?1, iif(?2 = 'failed', ?3, 0), iif(?2 = 'dropped', ?3, 0))
       ON CONFLICT (collection) DO UPDATE SET
         failed = failed + excluded.failed, dropped = dropped + excluded.dropped`,
      collection,
      what,
      by,
    )
  }
}
