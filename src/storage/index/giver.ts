/** What an object of the index that serves no more gives away. */
import type {
  HandedBehind,
  HandedCount,
  HandedLetter,
  HandedTask,
  HookHandover,
} from './handover.ts'

/** What is sent at once: rows of each kind, and bytes of records, but for one that is larger. */
const ROWS = 200
const BYTES = 1024 * 1024

type Raw<T extends { cid: unknown; block: unknown }> = Omit<T, 'number' | 'cid' | 'block'> & {
  id: number
  cid: ArrayBuffer | null
  block: ArrayBuffer | null
}

/** What is handed over under numbers. */
type Kind = 'tasks' | 'letters'

/** How many have been sent and taken, and which were, or are about to be, sent next. */
interface Sent {
  count: number
  next: number[]
}

const TABLES = { tasks: 'hook_task', letters: 'hook_letter' } as const

/** To be read by their ids. */
const TASKS = `SELECT hook_task.id, collection, did, rkey, action, rev, cid, block, attempts, unheard, stuck, ifnull(due_at, 0) AS dueAt
  FROM hook_task LEFT JOIN hook_lane USING (collection, did) WHERE hook_task.id IN`
const LETTERS = `SELECT id, collection, did, rkey, action, rev, cid, block, attempts, error, failed_at AS failedAt
  FROM hook_letter WHERE id IN`

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
    const tasks = this.#numbered<Raw<HandedTask>>('tasks', TASKS)
    if (tasks) return this.#part({ tasks: tasks.rows }, tasks.taken)
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
    const letters = this.#numbered<Raw<HandedLetter>>('letters', LETTERS)
    if (letters) return this.#part({ letters: letters.rows }, letters.taken)
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

  /**
   * The next of a kind. Which these are is noted before they are sent: one that goes meanwhile, with its hook or its account,
   * leaves its number unused, or whoever has taken some of them would take another one for it.
   */
  #numbered<T extends Raw<HandedTask> | Raw<HandedLetter>>(kind: Kind, statement: string) {
    const storage = this.#storage.kv
    for (;;) {
      const { count, next } = storage.get<Sent>(`handed ${kind}`) ?? { count: 0, next: [] }
      const ids = next.length > 0 ? next : this.#choose(kind)
      if (ids.length === 0) return undefined
      if (next.length === 0) storage.put(`handed ${kind}`, { count, next: ids } satisfies Sent)
      const rows = this.#sql
        .exec(`${statement} (SELECT value FROM json_each(?)) ORDER BY 1`, JSON.stringify(ids))
        .toArray() as unknown as T[]
      const taken = () => {
        for (const id of ids) this.#sql.exec(`DELETE FROM ${TABLES[kind]} WHERE id = ?`, id)
        storage.put(`handed ${kind}`, { count: count + ids.length, next: [] } satisfies Sent)
      }
      if (rows.length > 0) return { rows: numbered(rows, ids, count), taken }
      this.#storage.transactionSync(taken)
    }
  }

  /** The first of a kind, as many as are sent at once. */
  #choose(kind: Kind): number[] {
    const ids: number[] = []
    let sum = 0
    const rows = this.#sql.exec<{ id: number; bytes: number }>(
      `SELECT id, ifnull(length(block), 0) AS bytes FROM ${TABLES[kind]} WHERE id <> 0 ORDER BY id LIMIT ${ROWS}`,
    )
    for (const { id, bytes } of rows) {
      ids.push(id)
      sum += bytes
      if (sum >= BYTES) break
    }
    return ids
  }
}

const numbered = <T extends { cid: ArrayBuffer | null; block: ArrayBuffer | null; id: number }>(
  rows: readonly T[],
  ids: readonly number[],
  before: number,
) =>
  rows.map(({ id, cid, block, ...row }) => ({
    ...row,
    number: before + ids.indexOf(id) + 1,
    cid: cid && new Uint8Array(cid),
    block: block && new Uint8Array(block),
  }))
