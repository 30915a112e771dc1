import { createHmac } from 'node:crypto'

/** Handles that are kept for one account: who changes it often keeps the last ones, and not many from others. */
const MAX_KEPT = 3

export interface NamingRules {
  /** For how long a handle is kept for the account that had it, in ms. */
  cooldown: number
  /** Under which this host gives out handles; any other is proven by whoever wants it. */
  domains: readonly string[]
  /** Of the host, under which names are hashed. */
  secret: string
  /** Secrets before it, under which names may be hashed. */
  olderSecrets?: () => readonly string[]
}

/**
 * Names of accounts that are gone. Others must not be taken for them. Names and DIDs are stored as HMACs: whoever reads
 * them learns nothing of whoever has left.
 */
export class ReleasedNames {
  readonly #sql: SqlStorage
  readonly #rules: NamingRules

  constructor(sql: SqlStorage, rules: NamingRules) {
    this.#sql = sql
    this.#rules = rules
    this.#hashOlder()
  }

  /** An account has this handle no more. */
  releaseHandle(handle: string, did: string): void {
    const { cooldown, domains } = this.#rules
    if (cooldown === 0 || !domains.some((domain) => handle.endsWith(domain))) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO released_handle (handle, did, until) VALUES (?, ?, ?)',
      this.#mark('handle', handle),
      this.#mark('did', did),
      Date.now() + cooldown,
    )
    this.#sql.exec(
      `DELETE FROM released_handle WHERE handle IN (
         SELECT handle FROM released_handle WHERE did IN (SELECT value FROM json_each(?))
         ORDER BY until DESC LIMIT -1 OFFSET ?)`,
      this.#marks('did', did),
      MAX_KEPT,
    )
  }

  /** An account has the handle again. */
  takeHandle(handle: string): void {
    this.#sql.exec(
      'DELETE FROM released_handle WHERE handle IN (SELECT value FROM json_each(?))',
      this.#marks('handle', handle),
    )
  }

  /** Whether a handle is kept for an account, other than the one with this DID. */
  isKept(handle: string, did?: string): boolean {
    const [row] = this.#sql
      .exec<{ did: string }>(
        `SELECT did FROM released_handle WHERE handle IN (SELECT value FROM json_each(?)) AND until > ?
         ORDER BY until DESC LIMIT 1`,
        this.#marks('handle', handle),
        Date.now(),
      )
      .toArray()
    return (
      row !== undefined && (did === undefined || !this.#marks('did', did).includes(`"${row.did}"`))
    )
  }

  /**
   * A did:web is served by this host under a handle, so that it proves nothing about who asks for it. A second
   * account of that DID would be taken for the first one by everybody who knows the DID.
   */
  retireDid(did: string): void {
    if (!did.startsWith('did:web:')) return
    this.#sql.exec(
      'INSERT OR IGNORE INTO retired_did (did, retired_at) VALUES (?, ?)',
      this.#mark('did', did),
      Date.now(),
    )
  }

  isRetired(did: string): boolean {
    return (
      this.#sql
        .exec(
          'SELECT 1 FROM retired_did WHERE did IN (SELECT value FROM json_each(?))',
          this.#marks('did', did),
        )
        .toArray().length > 0
    )
  }

  /** Whether there are names whose marks cannot be made anew under another secret. */
  hasAny(): boolean {
    return (
      this.#sql
        .exec<{ found: number }>(
          'SELECT EXISTS (SELECT 1 FROM released_handle) OR EXISTS (SELECT 1 FROM retired_did) AS found',
        )
        .one().found === 1
    )
  }

  /** Removes handles that are kept for nobody any more. @param now ms since the epoch */
  prune(now: number): void {
    this.#sql.exec('DELETE FROM released_handle WHERE until <= ?', now)
  }

  #mark(kind: 'handle' | 'did', name: string, secret = this.#rules.secret): string {
    return createHmac('sha256', secret).update(`${kind}\0${name}`).digest('base64url')
  }

  /** As JSON: what a name may be stored as. */
  #marks(kind: 'handle' | 'did', name: string): string {
    const { secret, olderSecrets } = this.#rules
    const secrets = [secret, ...(olderSecrets?.() ?? [])]
    return JSON.stringify(secrets.map((one) => this.#mark(kind, name, one)))
  }

  /** Rows of before they were hashed; ';' is the character after ':', and no mark has either. Reads only these. */
  #hashOlder(): void {
    const handles = this.#sql
      .exec<{ handle: string; did: string }>(
        "SELECT handle, did FROM released_handle WHERE did > 'did:' AND did < 'did;'",
      )
      .toArray()
    for (const { handle, did } of handles) {
      this.#sql.exec(
        'UPDATE released_handle SET handle = ?, did = ? WHERE handle = ?',
        this.#mark('handle', handle),
        this.#mark('did', did),
        handle,
      )
    }
    const dids = this.#sql
      .exec<{ did: string }>("SELECT did FROM retired_did WHERE did > 'did:' AND did < 'did;'")
      .toArray()
    for (const { did } of dids) {
      this.#sql.exec('UPDATE retired_did SET did = ? WHERE did = ?', this.#mark('did', did), did)
    }
  }
}
