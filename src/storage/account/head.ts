import type { Commit } from './commit.ts'

/** The current commit of a repository and the number of its last event. One row. */
export interface Head extends Commit {
  /** Number of the newest event of this account; grows by one with each. */
  lastEvent: number
}

type Row = {
  cid: ArrayBuffer
  rev: string
  data: ArrayBuffer
  commit_block: ArrayBuffer
  last_event: number
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
    }
  )
}

export function writeHead(sql: SqlStorage, { cid, rev, data, block, lastEvent }: Head): void {
  sql.exec(
    `INSERT OR REPLACE INTO head (only_row, cid, rev, data, commit_block, last_event)
     VALUES (1, ?, ?, ?, ?, ?)`,
    cid,
    rev,
    data,
    block,
    lastEvent,
  )
}

/**
 * Number of the first event of an account created now. The sequencer drops numbers that it has
 * seen, so an account that is deleted and later comes back must not start from 1 again.
 */
export const firstEventNumber = (): number => Date.now() * 1000
