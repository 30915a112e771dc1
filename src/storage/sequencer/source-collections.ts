import type { CollectionState } from '../account/collections.ts'

/** Accounts that are looked at to find one page, at most: those that are not active stand in the list, too. */
const MAX_SCANNED = 5_000

/** Accounts without known collections that are named at once. */
const MAX_TO_ASK = 100

/** A page of the accounts that hold records of one collection. */
export interface CollectionPage {
  dids: string[]
  /** Where the next page begins; undefined: this was the last. */
  next: number | undefined
  /** Accounts on this page's way whose collections are not known yet: the page is complete once they are filled in. */
  toAsk: string[]
}

/** Which accounts hold records of which collections: one row for each account and collection. */
export class SourceCollections {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  /** @param sql the database of `storage`, wrapped where its rows are counted */
  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  /** Stores what an account tells of its collections, all of it or nothing. */
  note(did: string, changes: readonly CollectionState[]): void {
    this.#storage.transactionSync(() => {
      const place = this.#placeOf(did)
      if (place === undefined) return
      for (const { name, held } of changes) {
        if (held) this.#add(name, place)
        else {
          this.#sql.exec('DELETE FROM source_collection WHERE name = ? AND place = ?', name, place)
        }
      }
      this.#setKnown(place)
    })
  }

  /** The same for an account that has told nothing; does nothing for one that has. */
  fillIn(did: string, names: readonly string[]): void {
    this.#storage.transactionSync(() => {
      const place = this.#placeOf(did)
      if (place === undefined || !this.#placesToAsk(place - 1, place).length) return
      for (const name of names) this.#add(name, place)
      this.#setKnown(place)
    })
  }

  /** Reads two rows for each account, also for those that are not active, and one for each that is to be asked. */
  list(name: string, limit: number, after = 0): CollectionPage {
    const dids: string[] = []
    let scanned = 0
    let last = after
    const rows = this.#sql.exec<{ place: number; did: string; status: string | null }>(
      `SELECT source.place, did, status FROM source_collection JOIN source USING (place)
       WHERE name = ? AND source_collection.place > ? ORDER BY source_collection.place LIMIT ?`,
      name,
      after,
      MAX_SCANNED,
    )
    for (const { place, did, status } of rows) {
      last = place
      scanned++
      if (status === 'active' || status === null) dids.push(did)
      if (dids.length === limit) break
    }
    const isLast = dids.length < limit && scanned < MAX_SCANNED
    const toAsk = this.#placesToAsk(after, isLast ? Number.MAX_SAFE_INTEGER : last)
    return { dids, next: isLast ? undefined : last, toAsk }
  }

  #placeOf(did: string): number | undefined {
    return this.#sql
      .exec<{ place: number }>(
        "SELECT place FROM source WHERE did = ? AND status IS NOT 'deleted'",
        did,
      )
      .toArray()[0]?.place
  }

  #placesToAsk(after: number, to: number): string[] {
    return this.#sql
      .exec<{ did: string }>(
        `SELECT did FROM source WHERE collections_known = 0 AND place > ? AND place <= ?
           AND status IS NOT 'deleted' ORDER BY place LIMIT ?`,
        after,
        to,
        MAX_TO_ASK,
      )
      .toArray()
      .map(({ did }) => did)
  }

  #add(name: string, place: number): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO source_collection (name, place) VALUES (?, ?)',
      name,
      place,
    )
  }

  #setKnown(place: number): void {
    this.#sql.exec(
      'UPDATE source SET collections_known = 1 WHERE place = ? AND collections_known = 0',
      place,
    )
  }
}
