/** What operators have done: entries are added, get their outcome once, and go when they are old. */

/** Entries among which the last of a kind is looked for. */
const LOOKED_AT = 2000

/** What is known before something is done. */
export interface AuditIntent {
  /** `admin` for the operator's password, or the DID of the account or service. */
  actor: string
  /** NSID of a method, or the name of an action of the console. */
  action: string
  /** Whom or what it is about: a DID, an AT URI, a handle that nobody has; null: the host. */
  subject: string | null
  /** DID of the account that the subject is, or is of. */
  account: string | null
  /** What changes, as JSON text of at most `MAX_DETAIL` bytes. */
  detail: string
  /** From where, as `coarseNetwork` writes it. */
  network: string
}

/** An entry of the audit log. */
export interface AuditEntry extends AuditIntent {
  id: number
  /** ms since 1970. */
  at: number
  /** `done`, or the name of the error; null: it was begun, and nobody knows what came of it. */
  outcome: string | null
  /** ms since 1970. */
  endedAt: number | null
}

/** What came of something, and what it turned out to be about where that was not known before. */
export interface AuditOutcome {
  outcome: string
  account?: string
}

/** Which entries are looked for. */
export interface AuditFilter {
  actor?: string
  /** DID. */
  account?: string
}

/** Bytes of what is kept of a change. */
export const MAX_DETAIL = 2048

/** Old entries removed at once. */
const BATCH = 1000

type Row = Omit<AuditEntry, 'endedAt'> & { ended_at: number | null }

export class AuditLog {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @returns the entry's id; a later entry has a greater one */
  begin({ actor, action, subject, account, detail, network }: AuditIntent): number {
    return this.#sql
      .exec<{ id: number }>(
        `INSERT INTO audit (at, actor, action, subject, account, detail, network)
           VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        Date.now(),
        actor,
        action,
        subject,
        account,
        detail,
        network,
      )
      .one().id
  }

  /** Notes what came of it; what was noted first stays. */
  finish(id: number, { outcome, account }: AuditOutcome): void {
    this.#sql.exec(
      `UPDATE audit SET outcome = ?, ended_at = ?, account = coalesce(account, ?),
         subject = coalesce(subject, ?) WHERE id = ? AND outcome IS NULL`,
      outcome,
      Date.now(),
      account ?? null,
      account ?? null,
      id,
    )
  }

  /** The newest first. @param before id of the last entry of the page before */
  list({ actor, account }: AuditFilter, limit: number, before?: number): AuditEntry[] {
    const conditions = ['id < ?']
    const values: (string | number)[] = [before ?? Number.MAX_SAFE_INTEGER]
    if (actor !== undefined) {
      conditions.push('actor = ?')
      values.push(actor)
    }
    if (account !== undefined) {
      conditions.push('account = ?')
      values.push(account)
    }
    return this.#sql
      .exec<Row>(
        `SELECT * FROM audit WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`,
        ...values,
        limit,
      )
      .toArray()
      .map(({ ended_at: endedAt, ...row }) => ({ ...row, endedAt }))
  }

  /** When something was last done for the whole host; undefined: not of late. Reads 2,000 rows at most. */
  lastOf(action: string): number | undefined {
    const [row] = this.#sql
      .exec<{ at: number | null }>(
        `SELECT max(at) AS at FROM (SELECT at, action, account FROM audit ORDER BY id DESC LIMIT ${LOOKED_AT})
         WHERE action = ? AND account IS NULL`,
        action,
      )
      .toArray()
    return row?.at ?? undefined
  }

  /**
   * Removes the oldest entries, as far as they were begun before a time. Reads no more than it looks at.
   *
   * @param before ms since 1970
   */
  prune(before: number): void {
    for (;;) {
      const oldest = this.#sql
        .exec<{ id: number; at: number }>('SELECT id, at FROM audit ORDER BY id LIMIT ?', BATCH)
        .toArray()
      const end = oldest.findIndex(({ at }) => at >= before)
      const last = (end < 0 ? oldest : oldest.slice(0, end)).at(-1)
      if (!last) return
      this.#sql.exec('DELETE FROM audit WHERE id <= ?', last.id)
    }
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM audit LIMIT 1').toArray().length === 0
  }
}
