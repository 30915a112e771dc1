/** What waits for hooks, on its way from one layout of the index to the next. */
import { type HookLanes, SIZE } from './lanes.ts'

/** A write that waits for a hook. */
export interface HandedTask {
  /** How many came before it of the same object: the same each time it is sent. */
  number: number
  collection: string
  did: string
  rkey: string
  action: string
  rev: string
  cid: Uint8Array | null
  block: Uint8Array | null
  attempts: number
  unheard: number
  stuck: number
  /** When its lane is due, in ms since the epoch. */
  dueAt: number
}

/** A write that was given up. */
export interface HandedLetter extends Omit<HandedTask, 'unheard' | 'stuck' | 'dueAt'> {
  error: string
  failedAt: number
}

/** An account whose further writes are in the log, behind an event. */
interface HandedBehind {
  collection: string
  did: string
  seq: number
}

interface HandedCount {
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

/** What is sent at once: rows of each kind, and bytes of records, but for one that is larger. */
const ROWS = 200
const BYTES = 1024 * 1024

type Raw<T extends { cid: unknown; block: unknown }> = Omit<T, 'number' | 'cid' | 'block'> & {
  id: number
  cid: ArrayBuffer | null
  block: ArrayBuffer | null
}

/** How many have been sent, and taken. */
interface Sent {
  tasks: number
  letters: number
}

/**
 * Gives away what an object has that serves no more: oldest first, and each part is deleted when the others have it. Tasks
 * before letters, as letters may be replayed behind them.
 */
export class HookGiver {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage) {
    this.#storage = storage
    this.#sql = sql
  }

  /** The next part; undefined: that was all. */
  next(): (Omit<HookHandover, 'from' | 'of'> & { taken(): void }) | undefined {
    const sent = this.#sent()
    const tasks = this.#read<Raw<HandedTask>>(
      `SELECT hook_task.id, collection, did, rkey, action, rev, cid, block, attempts, unheard, stuck, ifnull(due_at, 0) AS dueAt
       FROM hook_task LEFT JOIN hook_lane USING (collection, did) WHERE hook_task.id <> 0 ORDER BY hook_task.id LIMIT ${ROWS}`,
    )
    if (tasks.length > 0) {
      return this.#part({ tasks: numbered(tasks, sent.tasks) }, () => {
        this.#delete('hook_task', tasks)
        this.#note({ ...sent, tasks: sent.tasks + tasks.length })
      })
    }
    const behind = this.#sql
      .exec<Record<string, string | number> & HandedBehind>(
        `SELECT * FROM hook_behind LIMIT ${ROWS}`,
      )
      .toArray()
    if (behind.length > 0) {
      return this.#part({ behind }, () => {
        for (const { collection, did } of behind) {
          this.#sql.exec(
            'DELETE FROM hook_behind WHERE collection = ? AND did = ?',
            collection,
            did,
          )
        }
      })
    }
    const letters = this.#read<Raw<HandedLetter>>(
      `SELECT id, collection, did, rkey, action, rev, cid, block, attempts, error, failed_at AS failedAt
       FROM hook_letter ORDER BY id LIMIT ${ROWS}`,
    )
    if (letters.length > 0) {
      return this.#part({ letters: numbered(letters, sent.letters) }, () => {
        this.#delete('hook_letter', letters)
        this.#note({ ...sent, letters: sent.letters + letters.length })
      })
    }
    const counts = this.#sql
      .exec<Record<string, string | number> & HandedCount>('SELECT * FROM hook_count')
      .toArray()
    if (counts.length === 0) return undefined
    return this.#part({ counts }, () => this.#sql.exec('DELETE FROM hook_count'))
  }

  #part(
    some: Partial<Omit<HookHandover, 'from' | 'of'>>,
    taken: () => void,
  ): Omit<HookHandover, 'from' | 'of'> & { taken(): void } {
    return {
      ...{ tasks: [], letters: [], behind: [], counts: [], ...some },
      taken: () => this.#storage.transactionSync(taken),
    }
  }

  #read<T extends { block: ArrayBuffer | null }>(statement: string): T[] {
    const some: T[] = []
    let bytes = 0
    for (const row of this.#sql.exec(statement)) {
      const one = row as unknown as T
      some.push(one)
      bytes += one.block?.byteLength ?? 0
      if (bytes >= BYTES) break
    }
    return some
  }

  #delete(table: 'hook_task' | 'hook_letter', rows: readonly { id: number }[]): void {
    for (const { id } of rows) this.#sql.exec(`DELETE FROM ${table} WHERE id = ?`, id)
  }

  #sent(): Sent {
    return this.#storage.kv.get<Sent>('handed over') ?? { tasks: 0, letters: 0 }
  }

  #note(sent: Sent): void {
    this.#storage.kv.put('handed over', sent)
  }
}

const numbered = <T extends { cid: ArrayBuffer | null; block: ArrayBuffer | null; id: number }>(
  rows: readonly T[],
  before: number,
) =>
  rows.map(({ id: _, cid, block, ...row }, at) => ({
    ...row,
    number: before + at + 1,
    cid: cid && new Uint8Array(cid),
    block: block && new Uint8Array(block),
  }))

/** Tasks that were handed over have these numbers, before all of the object's own; of each giver a stretch. */
const BEFORE_ALL = -(2 ** 52)
const STRETCH = 2 ** 40

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

  take({ from, of, tasks, letters, behind, counts }: HookHandover): void {
    try {
      this.#storage.transactionSync(() => {
        for (const task of tasks) this.#takeTask(task, BEFORE_ALL + from * STRETCH + task.number)
        for (const one of behind) this.#takeBehind(one)
        for (const letter of letters) this.#takeLetter(letter, letter.number * of + from)
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
