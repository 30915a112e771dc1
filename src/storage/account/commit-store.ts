import type { Quota } from '../../kernel/quota.ts'
import { StorageError } from '../error.ts'
import type { SealedChanges } from '../mst/tree.ts'
import { insertRows, type SqlBinding } from '../sql.ts'
import type { Backlinks } from './backlinks.ts'
import type { BlobIndex } from './blobs.ts'
import type { Collections } from './collections.ts'
import { carOf, eventOf, type NewCommit } from './commit-event.ts'
import type { RepoCounts } from './counts.ts'
import type { ExportSnapshots } from './export-snapshot.ts'
import { type Head, type HeadStore, repositoryBytes } from './head.ts'
import type { NodeTable } from './nodes.ts'
import type { Outbox } from './outbox.ts'
import type { PendingCommits } from './pending-commits.ts'
import { assertWithinQuota } from './quota.ts'
import type { RecordTakedowns } from './record-takedowns.ts'
import { sizesAt } from './split-blocks.ts'
import type { BlobReference, PathChange } from './writes.ts'

/** Most bytes of blocks in one commit event (sync specification, commit limits). */
const MAX_EVENT_SIZE = 2_000_000

/** Paths, and bytes of the event, of a commit that may wait with others to be settled. */
const SMALL_OPS = 16
const SMALL_SIZE = 64 * 1024

/** Where the parts of a commit are stored. */
export interface CommitTables {
  sql: SqlStorage
  head: HeadStore
  nodes: NodeTable
  collections: Collections
  backlinks: Backlinks
  takedowns: RecordTakedowns
  blobs: BlobIndex
  outbox: Outbox
  snapshots: ExportSnapshots
  pending: PendingCommits
}

/** What goes into the head besides the commit. */
export interface NextEvent extends Pick<Head, 'lastEvent' | 'usage'> {
  /** Whether there is a #commit event. */
  announced: boolean
  /** Unless given, there is none. */
  quota?: Quota
}

/**
 * Stores commits: records, tree nodes, head and event, the latter three by a row of the journal as a rule. To be called
 * in a transaction.
 */
export class CommitStore {
  readonly #tables: CommitTables

  constructor(tables: CommitTables) {
    this.#tables = tables
  }

  /** @throws StorageError `InvalidRequest` when the event would be too large, `QuotaExceeded` */
  store(newCommit: NewCommit, { lastEvent, announced, usage, quota }: NextEvent): void {
    const { changes, commit, parent, sealed } = newCommit
    const { pending, snapshots } = this.#tables
    const car = carOf(newCommit)
    if (car.byteLength > MAX_EVENT_SIZE) {
      throw new StorageError('InvalidRequest', 'Too many writes. Max event size: 2MB')
    }
    const before = parent ? parent.counts : { records: 0, nodes: 0, bytes: 0 }
    const counts = before && countsAfter(before, sealed, changes, this.#sizeBefore(changes))
    if (quota && parent && before && counts && grows(changes)) {
      const stored = (head: Pick<Head, 'block'>, counts: RepoCounts) => ({
        records: counts.records,
        repositoryBytes: repositoryBytes(head, counts),
      })
      assertWithinQuota(quota, stored(parent, before), stored(commit, counts))
    }
    const event = { id: lastEvent + 1, usage, counts }
    if (announced && parent && this.#mayWait(changes, car)) {
      pending.makeRoom()
      this.#storeAllRecords(changes, commit.rev)
      pending.add(newCommit, event, car)
      return
    }
    pending.settle()
    snapshots.keep(sealed, changes, commit.rev)
    this.#tables.nodes.apply(sealed, commit.rev)
    this.#storeAllRecords(changes, commit.rev)
    this.#tables.head.put({ ...commit, lastEvent: event.id, usage, counts })
    if (announced) this.#tables.outbox.add(event.id, eventOf(newCommit, car))
  }

  /**
   * Whether a commit may be journaled, and its nodes and head be stored later with those of others. A large one gains
   * nothing; an export reads the tables.
   */
  #mayWait(changes: NewCommit['changes'], car: Uint8Array): boolean {
    const { pending, snapshots } = this.#tables
    const isSmall = changes.size <= SMALL_OPS && car.byteLength <= SMALL_SIZE
    return isSmall && !snapshots.isRunning && !pending.touch(changes.keys())
  }

  #storeAllRecords(changes: NewCommit['changes'], rev: string): void {
    const noteCollections = this.#watchCollections(changes)
    this.#storeRecords(changes, rev)
    noteCollections()
  }

  /** To be called before records are stored, and what it returns after that. */
  #watchCollections(changes: NewCommit['changes']): () => void {
    const touched = new Map<string, { deleted: boolean; note(deleted: boolean): void }>()
    for (const [path, { before, after }] of changes) {
      if (before && after) continue
      const name = path.slice(0, path.indexOf('/'))
      const known = touched.get(name) ?? {
        deleted: false,
        note: this.#tables.collections.watch(name),
      }
      known.deleted ||= !after
      touched.set(name, known)
    }
    return () => {
      for (const { deleted, note } of touched.values()) note(deleted)
    }
  }

  /** Bytes of the records that are replaced or deleted; reads a row for each. */
  #sizeBefore(changes: NewCommit['changes']): number {
    const paths = [...changes].flatMap(([path, { before }]) => (before ? [path] : []))
    return sizesAt(this.#tables.sql, paths)
  }

  #storeRecords(changes: ReadonlyMap<string, PathChange>, rev: string): void {
    const { sql, backlinks, blobs, takedowns } = this.#tables
    const written: SqlBinding[][] = []
    const references = new Map<string, readonly BlobReference[]>()
    let replaced = false
    for (const [path, { before, after }] of changes) {
      if (before) backlinks.remove(path)
      replaced ||= before !== null
      if (after) {
        written.push([path, after.cid, rev, after.block])
        backlinks.add(path, after.block)
      } else {
        sql.exec('DELETE FROM record WHERE path = ?', path)
        takedowns.remove(path)
      }
      if (before || after?.blobs.length) references.set(path, after?.blobs ?? [])
    }
    blobs.setReferences(references)
    insertRows(sql, 'INSERT OR REPLACE INTO record (path, cid, rev, block)', written)
    if (replaced) this.#tables.snapshots.dropUnused()
  }
}

function countsAfter(
  { records, nodes, bytes }: RepoCounts,
  { added, addedBytes }: SealedChanges,
  changes: NewCommit['changes'],
  sizeBefore: number,
): RepoCounts {
  let more = 0
  let moreBytes = addedBytes - sizeBefore
  for (const { before, after } of changes.values()) {
    if (after && !before) more++
    else if (before && !after) more--
    moreBytes += after?.block.byteLength ?? 0
  }
  return { records: records + more, nodes: nodes + added, bytes: bytes + moreBytes }
}

/** Whether anything is written, and not only deleted. */
const grows = (changes: NewCommit['changes']): boolean =>
  [...changes.values()].some(({ after }) => after !== undefined)
