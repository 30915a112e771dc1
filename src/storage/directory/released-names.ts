/** Handles that are kept for one account: who changes it often keeps the last ones, and not many from others. */
const MAX_KEPT = 3

/** Names of accounts that are gone. Others must not be taken for them. */
export class ReleasedNames {
  readonly #sql: SqlStorage
  readonly #settings: { cooldown: number; domains: readonly string[] }

  /**
   * @param cooldown ms for which a handle is kept for the account that had it
   * @param domains under which this host gives out handles; any other is proven by whoever wants it
   */
  constructor(sql: SqlStorage, settings: { cooldown: number; domains: readonly string[] }) {
    this.#sql = sql
    this.#settings = settings
  }

  /** An account has this handle no more. */
  releaseHandle(handle: string, did: string): void {
    const { cooldown, domains } = this.#settings
    if (cooldown === 0 || !domains.some((domain) => handle.endsWith(domain))) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO released_handle (handle, did, until) VALUES (?, ?, ?)',
      handle,
      did,
      Date.now() + cooldown,
    )
    this.#sql.exec(
      `DELETE FROM released_handle WHERE handle IN (
         SELECT handle FROM released_handle WHERE did = ? ORDER BY until DESC LIMIT -1 OFFSET ?)`,
      did,
      MAX_KEPT,
    )
  }

  /** An account has the handle again. */
  takeHandle(handle: string): void {
    this.#sql.exec('DELETE FROM released_handle WHERE handle = ?', handle)
  }

  /** Whose handle it was, while it is kept for that account. */
  keptFor(handle: string): string | undefined {
    return this.#sql
      .exec<{ did: string }>(
        'SELECT did FROM released_handle WHERE handle = ? AND until > ?',
        handle,
        Date.now(),
      )
      .toArray()[0]?.did
  }

  /**
   * A did:web is served by this host under a handle, so that it proves nothing about who asks for it. A second
   * account of that DID would be taken for the first one by everybody who knows the DID.
   */
  retireDid(did: string): void {
    if (!did.startsWith('did:web:')) return
    this.#sql.exec(
      'INSERT OR IGNORE INTO retired_did (did, retired_at) VALUES (?, ?)',
      did,
      Date.now(),
    )
  }

  isRetired(did: string): boolean {
    return this.#sql.exec('SELECT 1 FROM retired_did WHERE did = ?', did).toArray().length > 0
  }

  /** Removes handles that are kept for nobody any more. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM released_handle WHERE until <= ?', now)
  }
}
