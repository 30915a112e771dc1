import type { SourceState } from './sources.ts'

/** An account as one object hands it over to another: what is kept of it beside its events. */
export interface MovedSource {
  did: string
  lastEvent: number
  head: Uint8Array | null
  rev: string | null
  status: SourceState['status'] | null
  /** Hours since 1970. */
  activeHour: number | null
  /** Collections with records; undefined: it has told none yet. */
  collections: string[] | undefined
}

type Row = {
  place: number
  did: string
  last_event: number
  head: ArrayBuffer | null
  rev: string | null
  status: SourceState['status'] | null
  active_hour: number | null
  collections_known: number
}

const COLUMNS =
  'place, did, last_event, head, rev, status, active_hour, collections_known FROM source'

/** Hands accounts over from one object that keeps events to another. */
export class MovedSources {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage, sql: SqlStorage = storage.sql) {
    this.#storage = storage
    this.#sql = sql
  }

  /** An account; undefined: it has had no event here, or went to another object. */
  get(did: string): MovedSource | undefined {
    const [row] = this.#sql.exec<Row>(`SELECT ${COLUMNS} WHERE did = ?`, did).toArray()
    return row && this.#toMoved(row)
  }

  /** Those that are still here, after a place, and the place of the last. */
  list(limit: number, after: number): { sources: MovedSource[]; last: number } {
    const rows = this.#sql
      .exec<Row>(
        `SELECT ${COLUMNS} WHERE place > ? AND did GLOB 'did:*' ORDER BY place LIMIT ?`,
        after,
        limit,
      )
      .toArray()
    return {
      sources: rows.map((row) => this.#toMoved(row)),
      last: rows.at(-1)?.place ?? after,
    }
  }

  /** Takes accounts over, but for those that are here already, which know more. All or none. */
  adopt(sources: readonly MovedSource[]): void {
    this.#storage.transactionSync(() => {
      for (const source of sources) this.#adoptOne(source)
    })
  }

  /** They are in another object, and nobody comes here any more. */
  forget(dids: readonly string[]): void {
    this.#storage.transactionSync(() => {
      for (const did of dids) {
        // What is counted, and listed by collections, goes with the status.
        this.#sql.exec("UPDATE source SET status = 'deleted' WHERE did = ?", did)
        this.#sql.exec('DELETE FROM source WHERE did = ?', did)
      }
    })
  }

  #adoptOne(source: MovedSource): void {
    const { did, collections } = source
    if (this.#sql.exec('SELECT 1 FROM source WHERE did = ?', did).toArray().length > 0) return
    const { place } = this.#sql
      .exec<{ place: number }>(
        `INSERT INTO source (did, last_event, head, rev, status, active_hour, collections_known)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING place`,
        ...[did, source.lastEvent, source.head, source.rev, source.status, source.activeHour],
        collections ? 1 : 0,
      )
      .one()
    for (const name of collections ?? []) {
      this.#sql.exec('INSERT INTO source_collection (name, place) VALUES (?, ?)', name, place)
    }
    // Its last event is elsewhere. Numbers of events are positive: it is forgotten with the first that are removed here.
    if (source.status === 'deleted') {
      this.#sql.exec('INSERT INTO farewell (seq, did) VALUES (?, ?)', -place, did)
    }
  }

  #toMoved({ place, head, collections_known, ...row }: Row): MovedSource {
    const collections =
      collections_known === 1
        ? this.#sql
            .exec<{ name: string }>('SELECT name FROM source_collection WHERE place = ?', place)
            .toArray()
            .map(({ name }) => name)
        : undefined
    return {
      ...{ did: row.did, lastEvent: row.last_event, rev: row.rev, status: row.status },
      ...{ head: head && new Uint8Array(head), activeHour: row.active_hour, collections },
    }
  }
}
