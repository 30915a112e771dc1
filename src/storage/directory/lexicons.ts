/** Lexicons that were resolved from the network, and names that led to none. */

/** What is kept of one name. Without `published`: there was nothing to be had. */
export interface StoredLexicon {
  nsid: string
  published: { did: string; cid: string; json: string } | null
  /** Why there is none, for whoever asks; empty where there is one. */
  reason: string
  /** ms since 1970 */
  fetchedAt: number
}

/** At most so many rows, and so many characters of lexicons, are kept. */
const MAX_ROWS = 1_000
const MAX_CHARACTERS = 16 * 1024 * 1024

type Row = {
  nsid: string
  did: string | null
  cid: string | null
  json: string | null
  reason: string
  fetched_at: number
}

export class StoredLexicons {
  readonly #sql: SqlStorage
  readonly #limits: { rows: number; characters: number }
  constructor(sql: SqlStorage, limits = { rows: MAX_ROWS, characters: MAX_CHARACTERS }) {
    this.#sql = sql
    this.#limits = limits
  }

  find(nsid: string): StoredLexicon | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM lexicon WHERE nsid = ?', nsid).toArray()
    if (!row) return undefined
    const { did, cid, json, reason, fetched_at: fetchedAt } = row
    const isThere = did !== null && cid !== null && json !== null
    return { nsid, published: isThere ? { did, cid, json } : null, reason, fetchedAt }
  }

  /** Keeps an answer in place of the one before. Where room is needed, names without a lexicon go first. */
  put({ nsid, published, reason, fetchedAt }: StoredLexicon): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO lexicon (nsid, did, cid, json, size, reason, fetched_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`,
      nsid,
      published?.did ?? null,
      published?.cid ?? null,
      published?.json ?? null,
      published?.json.length ?? 0,
      reason,
      fetchedAt,
    )
    this.#makeRoom(nsid)
  }

  #makeRoom(newest: string): void {
    const { rows, characters } = this.#limits
    const { n, size } = this.#sql
      .exec<{ n: number; size: number }>('SELECT count(*) AS n, sum(size) AS size FROM lexicon')
      .one()
    if (n <= rows && size <= characters) return
    // A quarter at once, so that not every new name has to look for room.
    this.#sql.exec(
      `DELETE FROM lexicon WHERE nsid IN (
        SELECT nsid FROM lexicon WHERE nsid <> ? ORDER BY size > 0, fetched_at LIMIT ?
      )`,
      newest,
      Math.ceil(n / 4),
    )
  }
}
