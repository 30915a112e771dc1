/** What waits for hooks, on its way from one layout of the index to the next. */
import { type HookLanes, SIZE } from './lanes.ts'
import type { HookTask } from './task.ts'

/** A write that waits for a hook. */
export interface HandedTask extends Omit<HookTask, 'id'> {
  /** How many came before it of the same object: the same each time it is sent. */
  number: number
  /** When its lane is due, in ms since the epoch. */
  dueAt: number
}

/** A write that was given up. */
export interface HandedLetter extends Omit<HandedTask, 'unheard' | 'stuck' | 'dueAt'> {
  error: string
  failedAt: number
}

/** An account whose further writes are in the log, behind an event. */
export interface HandedBehind {
  collection: string
  did: string
  seq: number
}

export interface HandedCount {
  collection: string
  failed: number
  dropped: number
  lost: number
}

/** Some of what one object hands to another. It may come more than once. */
export interface HookHandover {
  /** The place of the object that hands it over, from 0, among so many. */
  from: number
  of: number
  tasks: readonly HandedTask[]
  letters: readonly HandedLetter[]
  behind: readonly HandedBehind[]
  counts: readonly HandedCount[]
}

/** Tasks that were handed over have these numbers, before all of the object's own; of each giver a stretch. */
const BEFORE_ALL = -(2 ** 52)
const STRETCH = 2 ** 40

/** Of accounts that were deleted before what was given up of them came. */
const GONE = 'gone '

/**
 * Takes what objects of the layout before have. Hooks wait meanwhile, so nothing that is taken is gone before it could come
 * again: what is known by its number is left as it is.
 */
export class HookTaker {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #lanes: HookLanes
  readonly #clearCache: () => void

  constructor(
    storage: DurableObjectStorage,
    sql: SqlStorage,
    lanes: HookLanes,
    clearCache: () => void,
  ) {
    this.#storage = storage
    this.#sql = sql
    this.#lanes = lanes
    this.#clearCache = clearCache
  }

  /** To be called before this object has anything to tell hooks of: what it has itself gets numbers above 0 from then on. */
  prepare(): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO hook_task (id, collection, did, rkey, action, rev, attempts)
       VALUES (0, '', '', '', '', '', 0)`,
    )
  }

  /** An account was deleted, of which what was given up is still to come. In a transaction of the caller's. */
  noteGone(did: string): void {
    this.#storage.kv.put(`${GONE}${did}`, true)
  }

  /** Nothing more is to come. */
  finish(): void {
    const gone = [...this.#storage.kv.list({ prefix: GONE })]
    if (gone.length === 0) return
    this.#storage.transactionSync(() => {
      for (const [key] of gone) this.#storage.kv.delete(key)
    })
  }

  take({ from, of, tasks, letters, behind, counts }: HookHandover): void {
    try {
      this.#storage.transactionSync(() => {
        for (const task of tasks) this.#takeTask(task, BEFORE_ALL + from * STRETCH + task.number)
        for (const one of behind) this.#takeBehind(one)
        for (const letter of letters) {
          const isGone = this.#storage.kv.get(`${GONE}${letter.did}`) !== undefined
          if (!isGone) this.#takeLetter(letter, letter.number * of + from)
        }
        this.#takeCounts(from, counts)
      })
    } finally {
      this.#clearCache()
    }
  }

  #takeTask(task: HandedTask, id: number): void {
    const { collection, did, rkey, action, rev, cid, block, attempts, unheard, stuck } = task
    const taken = this.#sql
      .exec<{ bytes: number }>(
        `INSERT OR IGNORE INTO hook_task
           (id, collection, did, rkey, action, rev, cid, block, attempts, unheard, stuck)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${SIZE} AS bytes`,
        ...[id, collection, did, rkey, action, rev, cid, block, attempts, unheard, stuck],
      )
      .toArray()[0]
    if (!taken) return
    this.#lanes.grow(collection, did, 1, taken.bytes, task.dueAt)
    this.#lanes.setDue(collection, did, task.dueAt)
  }

  /** What this object has of the account came later: it is in the log, too, and read from there in its turn. */
  #takeBehind({ collection, did, seq }: HandedBehind): void {
    this.#sql.exec(
      'DELETE FROM hook_task WHERE collection = ? AND did = ? AND id > 0',
      collection,
      did,
    )
    this.#sql.exec(
      `UPDATE hook_lane SET (waiting, held) = (
         SELECT count(*), ifnull(sum(${SIZE}), 0) FROM hook_task
         WHERE hook_task.collection = hook_lane.collection AND hook_task.did = hook_lane.did
       ) WHERE collection = ? AND did = ?`,
      collection,
      did,
    )
    this.#sql.exec('INSERT OR REPLACE INTO hook_behind VALUES (?, ?, ?)', collection, did, seq)
  }

  #takeLetter(letter: HandedLetter, id: number): void {
    const { collection, did, rkey, action, rev, cid, block, attempts, error, failedAt } = letter
    this.#sql.exec(
      `INSERT OR IGNORE INTO hook_letter
         (id, collection, did, rkey, action, rev, cid, block, attempts, error, failed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, collection, did, rkey, action, rev, cid, block, attempts, error, failedAt],
    )
  }

  #takeCounts(from: number, counts: readonly HandedCount[]): void {
    if (counts.length === 0) return
    const known = this.#storage.kv.get<number[]>('counted') ?? []
    if (known.includes(from)) return
    for (const { collection, failed, dropped, lost } of counts) {
      this.#sql.exec(
        `INSERT INTO hook_count (collection, failed, dropped, lost) VALUES (?, ?, ?, ?)
         ON CONFLICT (collection) DO UPDATE SET
           failed = failed + excluded.failed, dropped = dropped + excluded.dropped, lost = lost + excluded.lost`,
        ...[collection, failed, dropped, lost],
      )
    }
    this.#storage.kv.put('counted', [...known, from])
  }
}
