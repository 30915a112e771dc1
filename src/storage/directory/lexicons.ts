/** Cache of lexicons that were resolved from the network, and of failed resolutions. */

/** A cached resolution. Without `published` it failed. */
export interface StoredLexicon {
  nsid: string
  published: { did: string; cid: string; json: string } | null
  /** Why it failed; empty where it did not. */
  reason: string
  /** ms since 1970 */
  fetchedAt: number
}

/** Size of the cache: rows, and characters of lexicons. */
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
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #limits: { rows: number; characters: number }
  constructor(
    storage: DurableObjectStorage,
    limits = { rows: MAX_ROWS, characters: MAX_CHARACTERS },
  ) {
    this.#storage = storage
    this.#sql = storage.sql
    this.#limits = limits
  }

  /** What an account of this host has published, which is gone. Reads all rows, of which there are few. */
  forgetAccount(did: string): void {
    this.#sql.exec('DELETE FROM lexicon WHERE did = ?', did)
  }

  find(nsid: string): StoredLexicon | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM lexicon WHERE nsid = ?', nsid).toArray()
    if (!row) return undefined
    const { did, cid, json, reason, fetched_at: fetchedAt } = row
    const isThere = did !== null && cid !== null && json !== null
    return { nsid, published: isThere ? { did, cid, json } : null, reason, fetchedAt }
  }

  /** Caches a resolution. If the cache is full, failed resolutions are evicted first, then the oldest. */
  put(lexicon: StoredLexicon): void {
    this.#storage.transactionSync(() => {
      this.#insert(lexicon)
      this.#evict(lexicon.nsid)
    })
  }

  #insert({ nsid, published, reason, fetchedAt }: StoredLexicon): void {
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
  }

  #evict(newest: string): void {
    const { rows, characters } = this.#limits
    const { n, size } = this.#sql
      .exec<{ n: number; size: number }>('SELECT count(*) AS n, sum(size) AS size FROM lexicon')
      .one()
    if (n <= rows && size <= characters) return
    // A quarter at once, so that not every new name leads to an eviction.
    this.#sql.exec(
      `DELETE FROM lexicon WHERE nsid IN (
        SELECT nsid FROM lexicon WHERE nsid <> ? ORDER BY size > 0, fetched_at LIMIT ?
      )`,
      newest,
      Math.ceil(n / 4),
    )
  }
}
