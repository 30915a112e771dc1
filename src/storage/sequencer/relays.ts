/** The last `requestCrawl` to one relay. */
export interface RelayRow {
  url: string
  /** When it was sent, in ms since the epoch; undefined: never. */
  askedAt: number | undefined
  /** Its outcome, in a few words. */
  outcome: string | undefined
  /** Requests that failed in a row. */
  failures: number
}

type Row = { asked_at: number; outcome: string; failures: number }

/** `requestCrawl`s to relays. Stored so that a restart does not send another one at once. */
export class Relays {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get(url: string): RelayRow {
    const row = this.#sql
      .exec<Row>('SELECT asked_at, outcome, failures FROM relay WHERE url = ?', url)
      .toArray()[0]
    return {
      url,
      askedAt: row?.asked_at,
      outcome: row?.outcome,
      failures: row?.failures ?? 0,
    }
  }

  set(url: string, askedAt: number, outcome: string, failures: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO relay (url, asked_at, outcome, failures) VALUES (?, ?, ?, ?)',
      url,
      askedAt,
      outcome,
      failures,
    )
  }
}
