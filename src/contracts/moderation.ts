/** What the directory answers about moderation on this host. */
import type { LogFilter, ModerationPage } from '../storage/directory/moderation-log.ts'
import type { NewReport, Report, ReportFilter, ReportPage } from '../storage/directory/reports.ts'
import type { ModerationEntry } from '../storage/moderation.ts'
import type { Answer } from './answer.ts'

export interface ModerationLogRpc {
  /** Appends what an account's object has noted; what is sent twice is logged once. */
  append(entries: readonly ModerationEntry[]): Answer<void>
  /** A page of the log, the newest entry first, before the entry `cursor`. */
  list(limit: number, cursor?: number, filter?: LogFilter): Answer<ModerationPage>
}

export interface ReportsRpc {
  /** @throws StorageError `TooManyReports` 429 or 503 */
  add(report: NewReport): Answer<Report>
  find(id: number): Answer<Report | undefined>
  /** A page of reports, the newest first, before the report `cursor`. */
  list(limit: number, cursor?: number, filter?: ReportFilter): Answer<ReportPage>
  /** How many are open. */
  countOpen(): Answer<number>
  /**
   * Closes a report, and logs it.
   *
   * @returns false when it was closed before
   * @throws StorageError `NotFound`
   */
  resolve(id: number, by: string, note: string | null): Answer<boolean>
}
