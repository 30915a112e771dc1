import type { ModerationEntry } from '../moderation.ts'

/** What moderators did with this account, until the directory has it in the log. */
export class ModerationOutbox {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** To be called in the transaction of the change. */
  add(entry: ModerationEntry): void {
    this.#sql.exec('INSERT INTO moderation_outbox (entry) VALUES (?)', JSON.stringify(entry))
  }

  /** The oldest entries, at most `limit`, and the number of the newest of them; undefined: there are none. */
  peek(limit: number): { entries: ModerationEntry[]; upTo: number } | undefined {
    const rows = this.#sql
      .exec<{ number: number; entry: string }>(
        'SELECT number, entry FROM moderation_outbox ORDER BY number LIMIT ?',
        limit,
      )
      .toArray()
    const newest = rows.at(-1)
    if (!newest) return undefined
    const entries = rows.map(({ entry }) => JSON.parse(entry) as ModerationEntry)
    return { entries, upTo: newest.number }
  }

  /** The directory has them. */
  confirm(upTo: number): void {
    this.#sql.exec('DELETE FROM moderation_outbox WHERE number <= ?', upTo)
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM moderation_outbox LIMIT 1').toArray().length === 0
  }
}
