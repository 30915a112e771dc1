import { insertRows } from '../sql.ts'

/** One entry of `app.bsky.actor.getPreferences`. */
export interface Preference {
  type: string
  /** The whole entry, JSON. */
  value: string
}

/** What only the owner, signed in with the main password, may see and change. */
const PRIVATE = 'app.bsky.actor.defs#personalDetailsPref'

/** What clients store about an account for themselves, in the order they sent it. */
export class Preferences {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @param all also what only the main password may see */
  get(all: boolean): Preference[] {
    return this.#sql
      .exec<{ type: string; value: string }>('SELECT type, value FROM preference ORDER BY position')
      .toArray()
      .filter(({ type }) => all || type !== PRIVATE)
  }

  count(): number {
    return this.#sql.exec<{ count: number }>('SELECT count(*) AS count FROM preference').one().count
  }

  /** Replaces everything, except, unless `all`, what only the main password may change. */
  set(preferences: readonly Preference[], all: boolean): void {
    if (all) this.#sql.exec('DELETE FROM preference')
    else this.#sql.exec('DELETE FROM preference WHERE type <> ?', PRIVATE)
    const rows = preferences.map(({ type, value }) => [type, value])
    insertRows(this.#sql, 'INSERT INTO preference (type, value)', rows)
  }
}
