import type { AccountStatus } from '../account/profile.ts'
import { LIMIT } from '../sql.ts'

/** Entries of the cache of last event numbers. */
const MAX_REMEMBERED = 10_000

/** State of an account, sent with each delivery of its events. */
export interface SourceState {
  /** CID of the current commit; null: no repository yet. */
  head: Uint8Array | null
  rev: string | null
  status: AccountStatus | 'suspended' | 'deleted'
}

/** One line of `com.atproto.sync.listRepos`. */
export interface SourceRow {
  /** Where it stands among all accounts, in the order in which they came. */
  place: number
  did: string
  /** As of the last delivery; null: the last delivery was made before states were sent. */
  state: SourceState | null
}

type Row = {
  place: number
  did: string
  head: ArrayBuffer | null
  rev: string | null
  status: SourceState['status'] | null
}

/**
 * Accounts that have emitted events: the last event number and the last known state of each. An account is
 * listed from its first event on; one that is migrating to this host has none until it is activated.
 */
export class Sources {
  readonly #sql: SqlStorage
  /** Cache of last event numbers. */
  readonly #last = new Map<string, number>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The number of the last event of an account; undefined before the first. */
  lastEvent(did: string): number | undefined {
    const known = this.#last.get(did)
    if (known !== undefined) return known
    return this.#sql
      .exec<{ last_event: number }>('SELECT last_event FROM source WHERE did = ?', did)
      .toArray()[0]?.last_event
  }

  /** Caches the number of an event that was stored. */
  cacheLastEvent(did: string, event: number): void {
    if (this.#last.size >= MAX_REMEMBERED) this.#last.clear()
    this.#last.set(did, event)
  }

  /** Whether an account may be seen, as of its last delivery. Reads a row. */
  isActive(did: string): boolean {
    const [row] = this.#sql
      .exec<Pick<Row, 'status'>>('SELECT status FROM source WHERE did = ?', did)
      .toArray()
    // Without a status the last delivery was made before states were sent.
    return row !== undefined && (row.status ?? 'active') === 'active'
  }

  /** Accounts that are not deleted, in the order in which they came, after a place. Reads a row for each. */
  list(limit: number, after = 0): SourceRow[] {
    return this.#sql
      .exec<Row>(
        `SELECT place, did, head, rev, status FROM source
         WHERE place > ? AND status IS NOT 'deleted' ORDER BY place ${LIMIT}`,
        after,
        limit,
      )
      .toArray()
      .map(({ place, did, head, rev, status }) => ({
        place,
        did,
        state: status && { head: head && new Uint8Array(head), rev, status },
      }))
  }

  /** How many accounts there are that are not deleted; reads one row. */
  count(): number {
    return this.#sql.exec<{ accounts: number }>('SELECT accounts FROM source_count').one().accounts
  }

  /** Sets the state of an account for which none was stored yet. */
  fillIn(did: string, { head, rev, status }: SourceState): void {
    this.#sql.exec(
      'UPDATE source SET head = ?, rev = ?, status = ? WHERE did = ? AND status IS NULL',
      head,
      rev,
      status,
      did,
    )
  }
}
