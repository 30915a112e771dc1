import { type CatchUp, HookBacklog, laneKey } from './backlog.ts'
import type { LoggedChange } from './feed.ts'
import { HookLanes, sizeOf } from './lanes.ts'
import { HookLetters } from './letters.ts'
import { bytesOf, type HookTask, type Stored } from './task.ts'

/**
 * What became of an attempt: `again` is when the next one is due, in ms since the epoch; without it, it is given up. `isUntried`:
 * it was not even begun, as earlier ones were enough.
 */
export type TaskEnd =
  | { done: true }
  | { done: false; error: string; again?: number; isUntried?: boolean }

/** How hooks of one collection are doing. */
export interface HookCounts {
  collection: string
  /** Writes that wait, those that are under way included. */
  waiting: number
  /** Accounts for whose further writes there was no room: these are read from the log later. */
  behind: number
  /** How often an account's writes had left the log before they were read. */
  lost: number
  /** Attempts that failed. */
  failed: number
  /** Given up, and kept. */
  letters: number
  /** Given up, and not kept any more, since there were too many. */
  dropped: number
}

/** Writes of one account into one collection, by one commit. */
export interface HookedCommit {
  collection: string
  did: string
  rev: string
  /** Number of its event. */
  seq: number
  changes: readonly LoggedChange[]
}

/**
 * Writes that hooks are to be told of. Those of one account and collection are a lane: they are told one after the other,
 * and while the first of them waits for its next attempt, the others wait behind it.
 */
export class HookTasks {
  readonly letters: HookLetters
  readonly lanes: HookLanes
  readonly backlog: HookBacklog
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  /** @param max bytes that the writes of one collection may come to that wait; `MAX_WAITING_BYTES` unless given */
  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql, max?: number) {
    this.lanes = new HookLanes(sql, max)
    this.letters = new HookLetters(storage, sql, this.lanes)
    this.backlog = new HookBacklog(sql, this.lanes)
    this.#storage = storage
    this.#sql = sql
  }

  /**
   * To be called in the transaction that moves the position in the log. Writes for which there is no room stay in the log, and
   * so do those of the account that come after them.
   */
  add(commit: HookedCommit, now: number): void {
    const { collection, did, seq } = commit
    if (this.backlog.has(collection, did)) return
    if (!this.#put(commit, now)) this.backlog.set(collection, did, seq - 1)
  }

  /**
   * Adds the writes of a page of the log that accounts had no room for before; in a transaction of the caller's.
   *
   * @param upTo number of the event up to which the page tells all
   * @param isLive whether that is as far as the index has read: those who have all come to wait like others'
   */
  catchUp(
    part: CatchUp,
    commits: readonly HookedCommit[],
    upTo: number,
    isLive: boolean,
    now: number,
  ) {
    const { backlog } = this
    const readers = backlog.readers(part)
    const moved = new Map<string, HookedCommit>()
    for (const commit of commits) {
      const { collection, did, seq } = commit
      const key = laneKey(collection, did)
      const reader = readers.get(key)
      if (!reader || reader.seq >= seq || seq > upTo) continue
      if (this.#put(commit, now)) {
        moved.set(key, commit)
        continue
      }
      backlog.set(collection, did, seq - 1)
      part.full.add(key)
      readers.delete(key)
      moved.delete(key)
    }
    if (isLive) for (const { collection, did } of readers.values()) backlog.remove(collection, did)
    else for (const { collection, did, seq } of moved.values()) backlog.set(collection, did, seq)
  }

  /** A part of the log was read up to an event, of which those who had nothing in it have had all, too. */
  finishCatchUp(part: CatchUp, upTo: number): void {
    for (const { collection, did, seq } of this.backlog.readers(part).values()) {
      if (seq < upTo) this.backlog.set(collection, did, upTo)
    }
  }

  /** The log begins behind an event: what was before is lost. @returns how many accounts may have lost something */
  noteLost(prunedTo: number): number {
    const lost = this.backlog.skipTo(prunedTo)
    for (const [collection, count] of lost) this.#count(collection, 'lost', count)
    return [...lost.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Whether there are writes of a collection that wait, or tell of them. */
  collections(): string[] {
    return this.#sql
      .exec<{ collection: string }>(
        'SELECT collection FROM hook_lane UNION SELECT collection FROM hook_behind',
      )
      .toArray()
      .map(({ collection }) => collection)
  }

  /** What waits for a hook that there is not any more. */
  forget(collection: string): void {
    this.#storage.transactionSync(() => {
      for (const table of ['hook_task', 'hook_lane']) {
        this.#sql.exec(`DELETE FROM ${table} WHERE collection = ?`, collection)
      }
      this.backlog.forget(collection)
    })
    this.clearCache()
  }

  /**
   * The host did not answer any more and was ended: something that was under way may have been why.
   *
   * @param since when the first of what was under way then can have been begun, in ms since the epoch
   */
  noteStuck(since: number): void {
    this.#sql.exec(
      'UPDATE hook_task SET stuck = stuck + 1 WHERE unheard > 0 AND begun_at >= ?',
      since,
    )
  }

  /** After a rollback. */
  clearCache(): void {
    this.lanes.clearCache()
    this.backlog.clearCache()
  }

  /**
   * The first tasks of some lanes, which are about to be tried: that is noted first, so that one that takes the process with
   * it is given up in the end, too. They may be tried again at once, which is for whoever calls not to do while they are
   * under way. A lane that has none is removed. Of those whose last attempt ended without a word, which may be what ended
   * the process, no more than one is begun.
   *
   * @param room how many may be begun
   * @param mayBeSuspect whether even that one may
   */
  begin(
    collection: string,
    dids: readonly string[],
    { room, mayBeSuspect, now }: { room: number; mayBeSuspect: boolean; now: number },
  ): HookTask[] {
    let isFree = mayBeSuspect
    let left = room
    return this.#storage.transactionSync(() =>
      dids.flatMap((did) => {
        if (left === 0) return []
        const [row] = this.#sql
          .exec<Stored<HookTask>>(
            'SELECT * FROM hook_task WHERE collection = ? AND did = ? ORDER BY id LIMIT 1',
            collection,
            did,
          )
          .toArray()
        if (!row) {
          this.lanes.remove(collection, did)
          return []
        }
        if (row.unheard > 0 && !isFree) return []
        if (row.unheard > 0) isFree = false
        left--
        this.#sql.exec(
          'UPDATE hook_task SET unheard = unheard + 1, begun_at = ? WHERE id = ?',
          ...[now, row.id],
        )
        return [{ ...row, ...bytesOf(row), unheard: row.unheard + 1 }]
      }),
    )
  }

  /** Whether there is more in the lane of a task, behind it. */
  hasNext({ id, collection, did }: HookTask): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM hook_task WHERE collection = ? AND did = ? AND id > ? LIMIT 1',
      ...[collection, did, id],
    )
    return rows.toArray().length > 0
  }

  /** Notes what became of attempts, all at once. */
  end(ended: readonly (readonly [HookTask, TaskEnd])[], now: number): void {
    try {
      this.#storage.transactionSync(() => {
        for (const [task, end] of ended) this.#end(task, end, now)
      })
    } catch (error) {
      this.clearCache()
      throw error
    }
  }

  /** Reads a row for each account for which something waits, and for each write that was given up. */
  counts(collections: readonly string[]): HookCounts[] {
    return collections.map((collection) => {
      const [row] = this.#sql
        .exec<{ failed: number; dropped: number; lost: number }>(
          'SELECT failed, dropped, lost FROM hook_count WHERE collection = ?',
          collection,
        )
        .toArray()
      return {
        collection,
        waiting: this.lanes.waiting(collection),
        behind: this.backlog.count(collection),
        letters: this.letters.count(collection),
        ...(row ?? { failed: 0, dropped: 0, lost: 0 }),
      }
    })
  }

  #end(task: HookTask, end: TaskEnd, now: number): void {
    const { id, collection, did } = task
    if (!end.done) {
      this.#count(collection, 'failed', 1)
      if (end.again !== undefined) {
        this.#sql.exec(
          'UPDATE hook_task SET attempts = attempts + 1, unheard = 0, stuck = 0 WHERE id = ?',
          id,
        )
        this.lanes.setDue(collection, did, end.again)
        return
      }
      if (end.isUntried) {
        this.#sql.exec('UPDATE hook_task SET unheard = unheard - 1 WHERE id = ?', id)
      }
      const dropped = this.letters.add(task, end.error, now)
      if (dropped > 0) this.#count(collection, 'dropped', dropped)
    }
    this.#sql.exec('DELETE FROM hook_task WHERE id = ?', id)
    const more = this.#sql
      .exec('SELECT 1 FROM hook_task WHERE collection = ? AND did = ? LIMIT 1', collection, did)
      .toArray()
    this.lanes.shrink(collection, did, sizeOf([task.block]), more.length > 0 ? now : undefined)
  }

  /** All of a commit, or nothing of it. @returns whether there was room */
  #put({ collection, did, rev, changes }: HookedCommit, now: number): boolean {
    const bytes = sizeOf(changes.map(({ block }) => block))
    if (!this.lanes.hasRoom(collection, did, bytes)) return false
    for (const { rkey, action, cid, block } of changes) {
      this.#sql.exec(
        `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts)
         VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
        ...[collection, did, rkey, action, rev, cid ?? null, block ?? null],
      )
    }
    this.lanes.grow(collection, did, changes.length, bytes, now)
    return true
  }

  #count(collection: string, what: 'failed' | 'dropped' | 'lost', by: number): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO hook_count (collection, failed, dropped, lost) VALUES (?, 0, 0, 0)',
      collection,
    )
    this.#sql.exec(
      `UPDATE hook_count SET ${what} = ${what} + ? WHERE collection = ?`,
      by,
      collection,
    )
  }
}
