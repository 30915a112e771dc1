import type { Commit } from './commit.ts'
import { parseSpending, type WriteSpending } from './write-limit.ts'

/** The current commit of a repository and the number of its last event. One row. */
export interface Head extends Commit {
  /** Number of the newest event of this account; grows by one with each. */
  lastEvent: number
  /** What writes have cost in the current hour and day; undefined: nothing was counted. */
  spending?: WriteSpending
}

type Row = {
  cid: ArrayBuffer
  rev: string
  data: ArrayBuffer
  commit_block: ArrayBuffer
  last_event: number
  write_spending: string | null
}

export function readHead(sql: SqlStorage): Head | undefined {
  const row = sql.exec<Row>('SELECT * FROM head').toArray()[0]
  return (
    row && {
      cid: new Uint8Array(row.cid),
      rev: row.rev,
      data: new Uint8Array(row.data),
      block: new Uint8Array(row.commit_block),
      lastEvent: row.last_event,
      ...(row.write_spending !== null && { spending: parseSpending(row.write_spending) }),
    }
  )
}

export function writeHead(
  sql: SqlStorage,
  { cid, rev, data, block, lastEvent, spending }: Head,
): void {
  sql.exec(
    `INSERT OR REPLACE INTO head (only_row, cid, rev, data, commit_block, last_event, write_spending)
     VALUES (1, ?, ?, ?, ?, ?, ?)`,
    cid,
    rev,
    data,
    block,
    lastEvent,
    spending ? JSON.stringify(spending) : null,
  )
}

/**
 * Number of the first event of an account created now. The sequencer drops numbers that it has
 * seen, so an account that is deleted and later comes back must not start from 1 again.
 */
export const firstEventNumber = (): number => Date.now() * 1000
