import { StorageError } from '../error.ts'

/** What is reported. */
export interface NewReport {
  /** DID of whoever reports. */
  reportedBy: string
  /** NSID with fragment, as clients name it. */
  reasonType: string
  reason: string | null
  /** DID of the account that it is about, or whose record. */
  did: string
  /** at-URI and CID of the record; null: it is about the account. */
  record: { uri: string; cid: string } | null
}

/** A report that is stored here. */
export interface Report extends NewReport {
  id: number
  /** ISO 8601. */
  createdAt: string
  /** What came of it; null: it is open. */
  resolution: { at: string; by: string; note: string | null } | null
}

/** One page of reports, the newest first. */
export interface ReportPage {
  reports: Report[]
  /** Id of the report before which the next page begins, if there may be one. */
  cursor?: number
}

export interface ReportFilter {
  /** Those that nobody has resolved. */
  open?: boolean
  /** Those about this account or its records. */
  did?: string
}

/** Reports that are kept at most. One has up to 20 kB of text. */
export const MAX_REPORTS = 5000

/** Open ones of one account at most, so that nobody fills the place of all others. */
export const MAX_OPEN_BY_ACCOUNT = 100

/** In the place of a DID. */
const SOMEBODY_WHO_LEFT = 'did:web:deleted.invalid'

type Row = {
  id: number
  reported_by: string
  reason_type: string
  reason: string | null
  did: string
  uri: string | null
  cid: string | null
  created_at: string
  resolved_at: string | null
  resolved_by: string | null
  note: string | null
}

/** Reports on a host that has no moderation service. */
export class Reports {
  readonly #sql: SqlStorage
  readonly #most: number
  /** How many there are; undefined: not counted yet. */
  #count: number | undefined

  /** @param most reports that are kept */
  constructor(sql: SqlStorage, most = MAX_REPORTS) {
    this.#sql = sql
    this.#most = most
  }

  /** Drops the count, after the rows were changed by other means. */
  clearCache(): void {
    this.#count = undefined
  }

  /**
   * An account is gone: so are reports about it, and what it has said. An open report of it about others stays, without
   * its words.
   */
  forgetAccount(did: string): void {
    this.#sql.exec(
      'DELETE FROM report WHERE did = ?1 OR (reported_by = ?1 AND resolved_at IS NOT NULL)',
      did,
    )
    this.#sql.exec(
      'UPDATE report SET reported_by = ?, reason = NULL WHERE reported_by = ?',
      SOMEBODY_WHO_LEFT,
      did,
    )
    this.#count = undefined
  }

  /**
   * Stores a report. Where there are too many, the one that was resolved longest ago makes room.
   *
   * @throws StorageError `TooManyReports` 429 when this account has too many open ones; 503 when all are open
   */
  add({ reportedBy, reasonType, reason, did, record }: NewReport): Report {
    this.#assertFew(reportedBy)
    this.#makeRoom()
    const [row] = this.#sql
      .exec<Row>(
        `INSERT INTO report (reported_by, reason_type, reason, did, uri, cid, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *`,
        reportedBy,
        reasonType,
        reason,
        did,
        record?.uri ?? null,
        record?.cid ?? null,
        new Date().toISOString(),
      )
      .toArray()
    if (!row) throw new Error('a report was not stored')
    this.#count = this.#counted() + 1
    return toReport(row)
  }

  find(id: number): Report | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM report WHERE id = ?', id).toArray()
    return row && toReport(row)
  }

  /** Reads as many rows as it returns, or, of one account's open ones, as many as there are about the account. */
  list(
    limit: number,
    cursor = Number.MAX_SAFE_INTEGER,
    { open, did }: ReportFilter = {},
  ): ReportPage {
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM report WHERE id < ?
         ${open ? 'AND resolved_at IS NULL' : ''} ${did === undefined ? '' : 'AND did = ?'}
         ORDER BY id DESC LIMIT ?`,
        cursor,
        ...(did === undefined ? [] : [did]),
        limit,
      )
      .toArray()
    const last = rows.at(-1)
    return {
      reports: rows.map(toReport),
      ...(last && rows.length === limit && { cursor: last.id }),
    }
  }

  /**
   * Closes a report; one that is closed already keeps what was said of it.
   *
   * @returns whether it was open
   * @throws StorageError `NotFound`
   */
  resolve(id: number, by: string, note: string | null): boolean {
    if (!this.find(id)) throw new StorageError('NotFound', `There is no report ${id}`)
    return (
      this.#sql.exec(
        `UPDATE report SET resolved_at = ?, resolved_by = ?, note = ?
         WHERE id = ? AND resolved_at IS NULL`,
        new Date().toISOString(),
        by,
        note,
        id,
      ).rowsWritten > 0
    )
  }

  #assertFew(reportedBy: string): void {
    const { open } = this.#sql
      .exec<{ open: number }>(
        'SELECT count(*) AS open FROM report WHERE reported_by = ? AND resolved_at IS NULL',
        reportedBy,
      )
      .one()
    if (open < MAX_OPEN_BY_ACCOUNT) return
    const message = `You have ${open} reports that nobody has looked at yet`
    throw new StorageError('TooManyReports', message)
  }

  #makeRoom(): void {
    if (this.#counted() < this.#most) return
    const { rowsWritten } = this.#sql.exec(
      `DELETE FROM report WHERE id =
         (SELECT id FROM report WHERE resolved_at IS NOT NULL ORDER BY resolved_at, id LIMIT 1)`,
    )
    if (rowsWritten === 0) {
      throw new StorageError('TooManyReports', 'Too many reports wait to be looked at', 503)
    }
    this.#count = this.#counted() - 1
  }

  /** Reads a row of the index for each, of which there are at most as many as reports are kept. */
  countOpen(): number {
    return this.#sql
      .exec<{ count: number }>('SELECT count(*) AS count FROM report WHERE resolved_at IS NULL')
      .one().count
  }

  #counted(): number {
    this.#count ??= this.#sql
      .exec<{ count: number }>('SELECT count(*) AS count FROM report')
      .one().count
    return this.#count
  }
}

const toReport = (row: Row): Report => ({
  id: row.id,
  reportedBy: row.reported_by,
  reasonType: row.reason_type,
  reason: row.reason,
  did: row.did,
  record: row.uri === null ? null : { uri: row.uri, cid: row.cid ?? '' },
  createdAt: row.created_at,
  resolution:
    row.resolved_at === null
      ? null
      : { at: row.resolved_at, by: row.resolved_by ?? '', note: row.note },
})
