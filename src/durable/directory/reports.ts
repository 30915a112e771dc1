import type { ReportsRpc } from '../../contracts/moderation.ts'
import type { ModerationLog } from '../../storage/directory/moderation-log.ts'
import type {
  NewReport,
  Report,
  ReportFilter,
  ReportPage,
  Reports as ReportTable,
} from '../../storage/directory/reports.ts'
import { type ModerationSubject, moderationEntry } from '../../storage/moderation.ts'

/** Reports on a host that has no moderation service. */
export class Reports implements ReportsRpc {
  readonly #storage: DurableObjectStorage
  readonly #table: ReportTable
  readonly #log: ModerationLog

  constructor(storage: DurableObjectStorage, table: ReportTable, log: ModerationLog) {
    this.#storage = storage
    this.#table = table
    this.#log = log
  }

  add(report: NewReport): Report {
    return this.#table.add(report)
  }

  find(id: number): Report | undefined {
    return this.#table.find(id)
  }

  list(limit: number, cursor?: number, filter?: ReportFilter): ReportPage {
    return this.#table.list(limit, cursor, filter)
  }

  countOpen(): number {
    return this.#table.countOpen()
  }

  resolve(id: number, by: string, note: string | null): boolean {
    return this.#storage.transactionSync(() => {
      const closed = this.#table.resolve(id, by, note)
      const report = this.#table.find(id)
      if (closed && report) {
        const why = { by, reason: note ?? undefined }
        const entry = moderationEntry('resolve report', subjectOf(report), why, `report ${id}`)
        this.#log.append([entry])
      }
      return closed
    })
  }
}

function subjectOf({ did, record }: Report): ModerationSubject {
  if (!record) return { kind: 'account', did }
  return { kind: 'record', did, path: record.uri.slice(`at://${did}/`.length) }
}
