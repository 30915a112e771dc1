/** Bytes that the writes of one collection come to that wait for its hook, with `TASK_BYTES` for each. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024

/** What a write counts for besides its record: its row and what finds it. */
const TASK_BYTES = 1024

/** What writes with these records count for. */
export const sizeOf = (blocks: readonly (Uint8Array | null | undefined)[]): number =>
  blocks.reduce((sum, block) => sum + TASK_BYTES + (block?.byteLength ?? 0), 0)

/** The same in SQL, of a row of `hook_task` or `hook_letter`. */
export const SIZE = `${TASK_BYTES} + ifnull(length(block), 0)`

/**
 * The accounts for whose writes a hook is due, of each collection, and how much of it waits: kept, as counting would read every
 * write that waits.
 */
export class HookLanes {
  readonly #sql: SqlStorage
  readonly #max: number
  /** Bytes by collection; read once. */
  readonly #held = new Map<string, number>()

  constructor(sql: SqlStorage, max = MAX_WAITING_BYTES) {
    this.#sql = sql
    this.#max = max
  }

  /** Bytes that have to be free for it to be worth while to read the log again. */
  get enough(): number {
    return this.#max / 64
  }

  /** Bytes for which there is room. Less than none after writes were told again by hand. */
  free(collection: string): number {
    return this.#max - this.#heldOf(collection)
  }

  /**
   * Whether an account may have so many bytes more wait: it may hold as much as is still free. So a few whose writes pile up
   * share what there is, and never take all of it.
   */
  hasRoom(collection: string, did: string, bytes: number): boolean {
    const [lane] = this.#sql
      .exec<{ held: number }>(
        'SELECT held FROM hook_lane WHERE collection = ? AND did = ?',
        collection,
        did,
      )
      .toArray()
    return (lane?.held ?? 0) + bytes <= this.free(collection)
  }

  /** Some writes more. One that is due keeps its time. */
  grow(collection: string, did: string, waiting: number, bytes: number, now: number): void {
    const held = this.#heldOf(collection)
    this.#sql.exec(
      `INSERT INTO hook_lane (collection, did, due_at, waiting, held) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting, held = held + excluded.held`,
      ...[collection, did, now, waiting, bytes],
    )
    this.#held.set(collection, held + bytes)
  }

  /** One write less, and when the next is due, in ms since the epoch; without one there is no lane any more. */
  shrink(collection: string, did: string, bytes: number, dueAt: number | undefined): void {
    const held = this.#heldOf(collection)
    if (dueAt === undefined) this.remove(collection, did)
    else {
      this.#sql.exec(
        `UPDATE hook_lane SET due_at = ?, waiting = waiting - 1, held = held - ?
         WHERE collection = ? AND did = ?`,
        ...[dueAt, bytes, collection, did],
      )
      this.#held.set(collection, held - bytes)
    }
  }

  setDue(collection: string, did: string, dueAt: number): void {
    this.#sql.exec(
      'UPDATE hook_lane SET due_at = ? WHERE collection = ? AND did = ?',
      ...[dueAt, collection, did],
    )
  }

  remove(collection: string, did: string): void {
    this.#sql.exec('DELETE FROM hook_lane WHERE collection = ? AND did = ?', collection, did)
    this.clearCache(collection)
  }

  /** When the first of a collection is due, in ms since the epoch. */
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

  /** The accounts that are due, the longest waiting first. */
  due(collection: string, now: number, limit: number): string[] {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM hook_lane WHERE collection = ? AND due_at <= ? ORDER BY due_at LIMIT ?',
        ...[collection, now, limit],
      )
      .toArray()
      .map(({ did }) => did)
  }

  /** How many writes wait. Reads a row for each account. */
  waiting(collection: string): number {
    return this.#sum('waiting', collection)
  }

  clearCache(collection?: string): void {
    if (collection === undefined) this.#held.clear()
    else this.#held.delete(collection)
  }

  #heldOf(collection: string): number {
    const known = this.#held.get(collection)
    if (known !== undefined) return known
    const held = this.#sum('held', collection)
    this.#held.set(collection, held)
    return held
  }

  #sum(column: 'waiting' | 'held', collection: string): number {
    return this.#sql
      .exec<{ n: number }>(
        `SELECT ifnull(sum(${column}), 0) AS n FROM hook_lane WHERE collection = ?`,
        collection,
      )
      .one().n
  }
}
