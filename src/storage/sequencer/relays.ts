/** What is known of one relay. */
export interface RelayRow {
  url: string
  /** When it was last asked to crawl this host, in ms since the epoch; undefined: never. */
  askedAt: number | undefined
  /** What it said, in a few words. */
  outcome: string | undefined
  /** How often in a row asking it has failed. */
  failures: number
}

type Row = { asked_at: number; outcome: string; failures: number }

/** When each relay was asked to crawl this host. Kept so that a restart does not ask again at once. */
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
