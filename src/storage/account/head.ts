import { cidString } from '../../kernel/cbor/cid.ts'
import { carFile } from '../car.ts'
import type { MemoryRow } from '../dump.ts'
import { StorageError } from '../error.ts'
import type { Commit } from './commit.ts'
import { countRepo, type RepoCounts } from './counts.ts'
import { syncEvent, type UnnumberedEvent } from './events.ts'
import type { PendingNode } from './nodes.ts'
import type { Outbox } from './outbox.ts'
import { parseWriteUsage, type WriteUsage } from './write-limit.ts'

/** The current commit of a repository and the number of its last event. One row. */
export interface Head extends Commit {
  /** Number of the newest event of this account; grows by one with each. */
  lastEvent: number
  /** What writes have cost in the current hour and day; undefined: nothing was counted. */
  usage?: WriteUsage
  /** How much there is; undefined: it was not counted since releases before it was kept. */
  counts?: RepoCounts
}

/** Commits that the tables do not have yet. */
export interface Unsettled {
  /** Has them in memory. */
  load(): void
  /** Brings them into the tables. */
  settle(): void
  /** The nodes that they left behind, each place once. */
  nodes(): readonly PendingNode[]
}

/** Bytes of the blocks of a commit: its own, and those of nodes and records. */
export const repositoryBytes = ({ block }: Pick<Head, 'block'>, { bytes }: RepoCounts): number =>
  block.byteLength + bytes

/**
 * Number of the first event of an account created now. The sequencer drops numbers that it has
 * seen, so an account that is deleted and later comes back must not start from 1 again.
 */
export const firstEventNumber = (): number => Date.now() * 1000

type Row = {
  cid: ArrayBuffer
  rev: string
  data: ArrayBuffer
  commit_block: ArrayBuffer
  last_event: number
  write_spending: string | null
  records: number | null
  nodes: number | null
  bytes: number | null
}

/** The head of one repository, cached, and the events that get their numbers from it. */
export class HeadStore {
  readonly #sql: SqlStorage
  readonly #outbox: Outbox
  readonly #pending: Unsettled
  readonly #changed: () => void
  /** Ahead of the row where commits wait to be settled. */
  #cached: Head | undefined

  /** @param changed to be told in the turn of each commit and of whatever else replaces records */
  constructor(
    sql: SqlStorage,
    outbox: Outbox,
    pending: Unsettled,
    changed: () => void = () => undefined,
  ) {
    this.#sql = sql
    this.#outbox = outbox
    this.#pending = pending
    this.#changed = changed
  }

  /** @throws StorageError `RepoNotFound` before the first commit */
  get(): Head {
    if (!this.#cached) {
      this.#pending.load()
      this.#cached ??= this.stored()
    }
    if (!this.#cached) throw new StorageError('RepoNotFound', 'Could not find repo')
    return this.#cached
  }

  /** CID and rev as strings. */
  getStrings(): { cid: string; rev: string } {
    const { cid, rev } = this.get()
    return { cid: cidString(cid), rev }
  }

  /**
   * The same with its counts. Where they were never made they are, once, which reads a row for each record and node.
   */
  getCounted(): Head & { counts: RepoCounts } {
    const head = this.get()
    const { counts } = head
    if (counts) return { ...head, counts }
    this.#pending.settle()
    const counted = { ...head, counts: countRepo(this.#sql) }
    this.put(counted)
    return counted
  }

  put(head: Head): void {
    this.#pending.settle()
    this.remember(head)
    this.store()
  }

  /** Takes the head of a commit that waits to be settled. */
  remember(head: Head): void {
    this.#cached = head
    this.#changed()
  }

  /** Writes the row as the head is now. */
  store(): void {
    if (!this.#cached) return
    const row = this.row()
    this.#sql.exec(
      `INSERT OR REPLACE INTO head (${Object.keys(row).join(', ')})
       VALUES (${Object.keys(row).fill('?').join(', ')})`,
      ...Object.values(row),
    )
  }

  /** The row as the head is now, by its columns; the table may be behind. @throws StorageError `RepoNotFound` */
  row(): MemoryRow {
    const { cid, rev, data, block, lastEvent, usage, counts } = this.get()
    return {
      only_row: 1,
      cid,
      rev,
      data,
      commit_block: block,
      last_event: lastEvent,
      write_spending: usage ? JSON.stringify(usage) : null,
      records: counts?.records ?? null,
      nodes: counts?.nodes ?? null,
      bytes: counts?.bytes ?? null,
    }
  }

  /** Adds events to the outbox; to be called in the transaction of the change that causes them. */
  announce(...events: UnnumberedEvent[]): void {
    // Events of commits that wait come before these.
    this.#pending.settle()
    const head = this.get()
    for (const [index, event] of events.entries()) {
      this.#outbox.add(head.lastEvent + 1 + index, event)
    }
    this.put({ ...head, lastEvent: head.lastEvent + events.length })
  }

  /** Emits a #sync event: the current commit, without a change that leads to it. */
  announceHead(did: string): void {
    const { cid, rev, block } = this.get()
    this.announce(syncEvent(did, rev, carFile(cid, [[cid, block]])))
  }

  /** Drops the cache, after a rollback or a change of the row by other means. */
  clearCache(): void {
    this.#cached = undefined
    this.#changed()
  }

  /** What the row has. */
  stored(): Head | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM head').toArray()[0]
    return (
      row && {
        cid: new Uint8Array(row.cid),
        rev: row.rev,
        data: new Uint8Array(row.data),
        block: new Uint8Array(row.commit_block),
        lastEvent: row.last_event,
        ...(row.write_spending !== null && { usage: parseWriteUsage(row.write_spending) }),
        ...(row.records !== null &&
          row.nodes !== null &&
          row.bytes !== null && {
            counts: { records: row.records, nodes: row.nodes, bytes: row.bytes },
          }),
      }
    )
  }
}
