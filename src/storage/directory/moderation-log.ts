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

/** What moderators did on this host: appended to, never changed. */
export class ModerationLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Appends entries in this order; one that is there already is left as it is. */
  append(entries: readonly ModerationEntry[]): void {
    for (const { id, at, action, subject, by, ref, reason, caseId } of entries) {
      this.#sql.exec(
        `INSERT OR IGNORE INTO moderation_log
           (id, at, action, kind, did, subject, cid, moderator, ref, reason, case_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
}

function conditionOf(filter: LogFilter | undefined): [condition: string, ...bound: string[]] {
  if (!filter) return ['']
  if ('subject' in filter) return ['AND subject = ?', subjectKey(filter.subject)]
  if ('blob' in filter) return ['AND cid = ?', filter.blob]
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
