import type { RepoCounts } from './counts.ts'
import { parseWriteUsage, type WriteUsage } from './write-limit.ts'

/** A commit that `head` and `node` do not have yet: what it takes to make it again from them and from `record`. */
export interface JournaledCommit {
  /** Number of its event. */
  id: number
  /** The commit object, DAG-CBOR. */
  block: Uint8Array
  /** The paths that it changes, in the order of its event. What is at them is in `record`. */
  paths: readonly string[]
  usage: WriteUsage | undefined
  /** How much there is after it. */
  counts: RepoCounts | undefined
}

type Row = {
  id: number
  commit_block: ArrayBuffer
  paths: string
  write_spending: string | null
  records: number | null
  nodes: number | null
  bytes: number | null
}

/** The table of commits whose head and tree nodes are not in their tables yet. One row for each. */
export class JournalTable {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add({ id, block, paths, usage, counts }: JournaledCommit): void {
    this.#sql.exec(
      `INSERT INTO journal (id, commit_block, paths, write_spending, records, nodes, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      block,
      paths.join('\n'),
      usage ? JSON.stringify(usage) : null,
      counts?.records ?? null,
      counts?.nodes ?? null,
      counts?.bytes ?? null,
    )
  }

  /** All of them, oldest first. */
  all(): JournaledCommit[] {
    const rows = this.#sql.exec<Row>('SELECT * FROM journal ORDER BY id').toArray()
    return rows.map(({ id, commit_block, paths, write_spending, records, nodes, bytes }) => ({
      id,
      block: new Uint8Array(commit_block),
      paths: paths.split('\n'),
      usage: write_spending === null ? undefined : parseWriteUsage(write_spending),
      counts:
        records === null || nodes === null || bytes === null
          ? undefined
          : { records, nodes, bytes },
    }))
  }

  count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM journal').one().n
  }

  clear(): void {
    this.#sql.exec('DELETE FROM journal')
  }
}
