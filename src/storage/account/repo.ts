import type { AnswerState } from '../../kernel/answer-state.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { Quota } from '../../kernel/quota.ts'
import type { MemoryRow } from '../dump.ts'
import { StorageError } from '../error.ts'
import { Tree } from '../mst/tree.ts'
import { Backlinks } from './backlinks.ts'
import {
  BatchWriter,
  type WriteBatch,
  type WriteOptions,
  type WriteResult,
} from './batch-writer.ts'
import type { BlobIndex } from './blobs.ts'
import { BlockReader } from './blocks.ts'
import { Collections } from './collections.ts'
import { nextRev, signCommit } from './commit.ts'
import { CommitStore } from './commit-store.ts'
import { countRepo, type RepoCounts } from './counts.ts'
import type { UnnumberedEvent } from './events.ts'
import { exportCar } from './export.ts'
import type { ExportSnapshots } from './export-snapshot.ts'
import { type Head, HeadStore, repositoryBytes, type Unsettled } from './head.ts'
import type { VerifiedImport } from './import.ts'
import { NodeTable } from './nodes.ts'
import type { Outbox } from './outbox.ts'
import { PendingCommits } from './pending-commits.ts'
import { assertWithinQuota } from './quota.ts'
import { RecordTakedowns } from './record-takedowns.ts'
import { RecordReader } from './records.ts'
import { TreeCache } from './tree-cache.ts'

export type { WriteBatch, WriteOptions, WriteResult }

/** Where the parts of a repository are kept. */
export interface RepoParts {
  storage: DurableObjectStorage
  sql: SqlStorage
  outbox: Outbox
  blobs: BlobIndex
  snapshots: ExportSnapshots
  /** Told in the turn of each change of what can be read, also of the account itself. */
  answers?: Pick<AnswerState, 'changed'> | undefined
}

/** The signed repository of one account: head, tree, records, and the events they cause. */
export class Repo {
  readonly records: RecordReader
  readonly collections: Collections
  /** Which records were taken down. */
  readonly takedowns: RecordTakedowns
  readonly #parts: RepoParts
  readonly #nodes: NodeTable
  readonly #head: HeadStore
  readonly #tree: TreeCache
  readonly #blocks: BlockReader
  readonly #pending: PendingCommits
  readonly #commits: CommitStore
  readonly #writer: BatchWriter

  constructor(repoParts: RepoParts) {
    const { storage, sql, outbox, blobs, snapshots, answers } = repoParts
    const changed = () => answers?.changed()
    const nodes = new NodeTable(sql)
    const takedowns = new RecordTakedowns(sql, changed)
    const records = new RecordReader(sql, takedowns)
    const backlinks = new Backlinks(sql)
    const caches = { clear: () => this.clearCache() }
    // Head and tree ask for it, and it is made of them.
    const unsettled: Unsettled = {
      load: () => pending.load(),
      settle: () => pending.settle(),
      nodes: () => pending.nodes(),
    }
    const head = new HeadStore(sql, outbox, unsettled, changed)
    const tree = new TreeCache(nodes, unsettled)
    const parts = { storage, sql, nodes, head, tree, records, outbox, caches }
    const pending = new PendingCommits(parts)
    const collections = new Collections(sql)
    const tables = {
      pending,
      sql,
      head,
      nodes,
      collections,
      backlinks,
      blobs,
      takedowns,
      outbox,
      snapshots,
    }
    const commits = new CommitStore(tables)
    this.records = records
    this.collections = collections
    this.takedowns = takedowns
    this.#parts = repoParts
    this.#nodes = nodes
    this.#head = head
    this.#tree = tree
    this.#pending = pending
    this.#blocks = new BlockReader(parts, pending)
    this.#commits = commits
    this.#writer = new BatchWriter({ storage, head, tree, backlinks, blobs, commits, caches })
  }

  /** @throws StorageError `RepoNotFound` before the first commit. */
  head(): Head {
    return this.#head.get()
  }

  /** The same, for clients to read. */
  headStrings(): { cid: string; rev: string } {
    return this.#head.getStrings()
  }

  /** The row of the table `head` as it is with the commits that wait. @throws StorageError `RepoNotFound` */
  headRow(): MemoryRow {
    return this.#head.row()
  }

  /** Drops the caches, after a rollback or a change of the tables by other means. */
  clearCache(): void {
    this.#pending.clearCache()
    this.#head.clearCache()
    this.#tree.clearCache()
    this.collections.clearCache()
    this.takedowns.clearCache()
    this.#parts.outbox.clearCache()
    this.#parts.blobs.clearCache()
  }

  /** Has commits in memory that are in the journal only, and their events in the outbox. */
  load(): void {
    this.#pending.load()
  }

  /** Brings into the tables what is in the journal only, before they are read or replaced by other means. */
  settle(): void {
    this.#pending.settle()
  }

  /** See `PendingCommits.isFull`. */
  get waitsForDelivery(): boolean {
    return this.#pending.isFull
  }

  /** See `PendingCommits.since`. */
  unsettledSince(): number | undefined {
    return this.#pending.since()
  }

  /** Settles what has waited for a while. */
  tidy(): void {
    this.#pending.tidy()
  }

  /** The repository as a CAR file; see `exportCar`. */
  export(since?: string): ReadableStream<Uint8Array> {
    const { sql, snapshots } = this.#parts
    const [head, pending] = [this.head(), this.#pending.nodes()]
    return exportCar(sql, head, { since, pending, hold: snapshots.hold() })
  }

  /** Makes the empty first commit, and its event if it is `announced`; to be called in a transaction. */
  createEmpty(did: string, key: SigningKey, lastEvent: number, announced: boolean): void {
    const tree = new Tree(this.#nodes)
    const sealed = tree.seal()
    const commit = signCommit(did, key, sealed.root, nextRev(undefined))
    this.#commits.store({ did, commit, tree, sealed, changes: new Map() }, { lastEvent, announced })
  }

  /** Adds events to the outbox; to be called in the transaction of the change that causes them. */
  announce(...events: UnnumberedEvent[]): void {
    this.#head.announce(...events)
  }

  /** Emits a #sync event: the current commit, without a change that leads to it. */
  announceHead(did: string): void {
    this.#head.announceHead(did)
  }

  /** Makes a new commit of the same tree, after the signing key has changed; in a transaction. */
  resign(did: string, key: SigningKey): void {
    const { data, rev, lastEvent, usage, counts } = this.#head.get()
    this.#head.put({ ...signCommit(did, key, data, nextRev(rev)), lastEvent, usage, counts })
  }

  /**
   * Applies a batch: all of it in one commit, or nothing. Costs one row for each record, and one for its
   * CID, and one for the journal; for some thirty small commits together one for each tree node that they
   * changed, and one for the head. Synchronous, so that no other write comes in between.
   *
   * @throws StorageError `InvalidSwap`, `RecordAlreadyExists`, `RecordNotFound`, `InvalidRequest` when
   *   the event would be too large, `RateLimitExceeded`, or as `BlobIndex.check`
   */
  write(did: string, key: SigningKey, batch: WriteBatch, options: WriteOptions = {}): WriteResult {
    return this.#writer.write(did, key, batch, options)
  }

  /**
   * Puts an imported repository in the place of this one, under a new commit, and, unless the network
   * does not know the account yet, emits a #sync event.
   *
   * @throws StorageError `InvalidRequest` when the repository was written to meanwhile; `QuotaExceeded`
   */
  replace(
    did: string,
    key: SigningKey,
    { data, rev, after, staging }: VerifiedImport,
    announced: boolean,
    quota?: Quota,
  ): void {
    this.settle()
    const head = quota ? this.#head.getCounted() : this.head()
    if (head.rev !== after) {
      throw new StorageError(
        'InvalidRequest',
        'The repository was written to while it was imported: try again',
      )
    }
    const { storage, blobs, snapshots } = this.#parts
    const { lastEvent, usage } = head
    const commit = signCommit(did, key, data, rev)
    if (quota && head.counts) {
      const after = { ...staging.counts, repositoryBytes: repositoryBytes(commit, staging.counts) }
      assertWithinQuota(quota, this.stored(), after)
    }
    try {
      storage.transactionSync(() => {
        this.collections.addAll()
        staging.replace()
        this.collections.addAll()
        blobs.review()
        this.takedowns.review()
        this.#head.put({ ...commit, lastEvent, usage, counts: staging.counts })
        if (announced) this.announceHead(did)
      })
    } finally {
      this.clearCache()
    }
    snapshots.breakExports()
  }

  /**
   * Puts a repository of a backup in its place, under the commit that it had; in a transaction.
   *
   * @param lastEvent number of the last event, of before or of an account that was replaced
   */
  putBack({ commit, data, rev, staging }: VerifiedImport, lastEvent: number): void {
    this.settle()
    staging.replace()
    this.collections.addAll()
    this.#head.put({ ...commit, data, rev, lastEvent, counts: staging.counts })
  }

  /**
   * How many blocks and records there are, as the head says. Where it was never counted it is, once, which reads a row
   * for each.
   */
  counts(): { blocks: number; records: number } {
    const { nodes, records } = this.#head.getCounted().counts
    return { blocks: 1 + nodes + records, records }
  }

  /** What quotas are about; counted as `counts` are. */
  stored(): { records: number; repositoryBytes: number } {
    const head = this.#head.getCounted()
    return {
      records: head.counts.records,
      repositoryBytes: repositoryBytes(head, head.counts),
    }
  }

  /**
   * Counts anew, and mends what the head says.
   *
   * @returns what it said, where that was wrong
   */
  recount(): { before: RepoCounts; after: RepoCounts } | undefined {
    this.settle()
    const head = this.#head.getCounted()
    const [before, after] = [head.counts, countRepo(this.#parts.sql)]
    const { records, nodes, bytes } = after
    if (records === before.records && nodes === before.nodes && bytes === before.bytes) return
    this.#head.put({ ...head, counts: after })
    return { before, after }
  }

  /** See `BlockReader.proveRecord`. */
  proveRecord(path: string): Uint8Array {
    return this.#blocks.proveRecord(path)
  }

  /** See `BlockReader.getBlocks`. */
  getBlocks(cids: readonly string[]): Uint8Array {
    return this.#blocks.getBlocks(cids)
  }
}
