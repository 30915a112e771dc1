import { type ModerationEntry, type ModerationSubject, subjectKey } from '../moderation.ts'

/** One page of the log, the newest entry first. */
export interface ModerationPage {
  entries: ModerationEntry[]
  /** Where the next page begins, if there may be one. */
  cursor?: number
}

/** Which entries. */
export type LogFilter =
  /** Those of one subject. */
  | { subject: ModerationSubject }
  /** Those of an account, its records and its blobs. */
  | { did: string }
  /** Those of a blob, whichever accounts have it. */
  | { blob: string }
  /**
   * Takedowns that nobody has reversed. What its owner has deleted meanwhile, or whose account is gone, is among them.
   */
  | { inForce: ModerationSubject['kind'] }

type Row = {
  number: number
  id: string
  at: string
  action: string
  kind: string
  did: string
  subject: string
  cid: string | null
  moderator: string
  ref: string | null
  reason: string | null
  case_id: string | null
}

/** What moderators did on this host: appended to, never changed, but for a mark at what is in force. */
export class ModerationLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Appends entries in this order; one that is there already is left as it is. */
  append(entries: readonly ModerationEntry[]): void {
    for (const entry of entries) {
      if (this.#has(entry.id)) continue
      const { id, at, action, subject, by, ref, reason, caseId } = entry
      const isTakedown = action === 'takedown'
      if (isTakedown || action === 'restore') this.#end(subject)
      this.#sql.exec(
        `INSERT INTO moderation_log
           (id, at, action, kind, did, subject, cid, moderator, ref, reason, case_id, in_force)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        at,
        action,
        subject.kind,
        subject.did,
        subjectKey(subject),
        subject.kind === 'blob' ? subject.cid : null,
        by,
        ref,
        reason,
        caseId,
        isTakedown ? 1 : 0,
      )
    }
  }

  /** A page, before the entry with the number `cursor`; reads as many rows as it returns, and one. */
  list(limit: number, cursor = Number.MAX_SAFE_INTEGER, filter?: LogFilter): ModerationPage {
    const [condition, ...bound] = conditionOf(filter)
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM moderation_log WHERE number < ? ${condition} ORDER BY number DESC LIMIT ?`,
        cursor,
        ...bound,
        limit,
      )
      .toArray()
    const last = rows.at(-1)
    return {
      entries: rows.map(toEntry),
      ...(last && rows.length === limit && { cursor: last.number }),
    }
  }

  #has(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM moderation_log WHERE id = ?', id).toArray().length > 0
  }

  /** The takedown that was in force is so no more. */
  #end(subject: ModerationSubject): void {
    this.#sql.exec(
      'UPDATE moderation_log SET in_force = 0 WHERE subject = ? AND in_force = 1',
      subjectKey(subject),
    )
  }
}

function conditionOf(filter: LogFilter | undefined): [condition: string, ...bound: string[]] {
  if (!filter) return ['']
  if ('subject' in filter) return ['AND subject = ?', subjectKey(filter.subject)]
  if ('blob' in filter) return ['AND cid = ?', filter.blob]
  if ('inForce' in filter) return ['AND kind = ? AND in_force = 1', filter.inForce]
  return ['AND did = ?', filter.did]
}

const toEntry = (row: Row): ModerationEntry => ({
  id: row.id,
  at: row.at,
  action: row.action as ModerationEntry['action'],
  subject: toSubject(row),
  by: row.moderator,
  ref: row.ref,
  reason: row.reason,
  caseId: row.case_id,
})

function toSubject({ kind, did, subject, cid }: Row): ModerationSubject {
  if (kind === 'blob') return { kind, did, cid: cid ?? '' }
  if (kind === 'record') return { kind, did, path: subject.slice(`at://${did}/`.length) }
  return { kind: 'account', did }
}
