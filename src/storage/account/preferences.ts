import { insertRows } from '../sql.ts'

/** One entry of `app.bsky.actor.getPreferences`. */
export interface Preference {
  type: string
  /** The whole entry, JSON. */
  value: string
}

/** Type that only sessions with full access, that is with the main password, may read and change. */
const PRIVATE = 'app.bsky.actor.defs#personalDetailsPref'

/** Preferences that clients store with the account, in the order they sent them. */
export class Preferences {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param all also entries that need full access */
  get(all: boolean): Preference[] {
    return this.#sql
      .exec<{ type: string; value: string }>('SELECT type, value FROM preference ORDER BY position')
      .toArray()
      .filter(({ type }) => all || type !== PRIVATE)
  }

  count(): number {
    return this.#sql.exec<{ count: number }>('SELECT count(*) AS count FROM preference').one().count
  }

  /** Replaces everything; unless `all`, entries that need full access stay. */
  set(preferences: readonly Preference[], all: boolean): void {
    if (all) this.#sql.exec('DELETE FROM preference')
    else this.#sql.exec('DELETE FROM preference WHERE type <> ?', PRIVATE)
    const rows = preferences.map(({ type, value }) => [type, value])
    insertRows(this.#sql, 'INSERT INTO preference (type, value)', rows)
  }
}
