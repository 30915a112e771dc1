import { decodeCid } from '@atproto/lex-data'
import { equalBytes } from '../../kernel/cbor/cid.ts'
import { cidBytes, cidString } from '../../kernel/cbor/cid-string.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { type CarBlock, carFile } from '../car.ts'
import { BudgetError, StorageError } from '../error.ts'
import { encodeNode } from '../mst/codec.ts'
import type { CidBytes, Node } from '../mst/node.ts'
import { type ChangeKind, collectProof } from '../mst/proof.ts'
import { type SealedChanges, Tree } from '../mst/tree.ts'
import type { Budget } from '../rate-counter.ts'
import { insertRows, type SqlBinding } from '../sql.ts'
import { Backlinks } from './backlinks.ts'
import type { BlobIndex } from './blobs.ts'
import { type Commit, commitCar, nextRev, signCommit } from './commit.ts'
import { commitEvent, type RepoOp, syncEvent, type UnnumberedEvent } from './events.ts'
import type { Retired } from './export-snapshot.ts'
import { type Head, readHead, writeHead } from './head.ts'
import type { VerifiedImport } from './import.ts'
import { NodeTable } from './nodes.ts'
import type { Outbox } from './outbox.ts'
import { RecordReader } from './records.ts'
import { parseSpending, pointsOf, spendOnWrites, type WriteSpending } from './write-limit.ts'
import { type PathChange, planWrites, type Write, type WriteOutcome } from './writes.ts'

/** Tree nodes kept in memory between writes; some 500 bytes each. */
const MAX_LOADED_NODES = 2000

/** Tree nodes looked for at once. */
const LOOKUP = 100

/** Most bytes of blocks in one commit event (sync specification, commit limits). */
const MAX_EVENT_SIZE = 2_000_000

export interface WriteBatch {
  writes: Write[]
  /** CID that the current commit must have. */
  swapCommit?: CidBytes
}

/** What counts besides the writes themselves. */
export interface WriteOptions {
  /** Whether the account may write so much and no more. */
  limited?: boolean
}

export interface WriteResult {
  /** Absent when nothing had to change. */
  commit?: { cid: CidBytes; rev: string }
  /** What the account may still write; absent when nobody counts. */
  budget?: Budget
  results: WriteOutcome[]
}

/** Where the parts of a repository are kept. */
export interface RepoParts {
  storage: DurableObjectStorage
  sql: SqlStorage
  outbox: Outbox
  blobs: BlobIndex
  retired: Retired
}

/** The signed repository of one account: head, tree, records, and the events they cause. */
export class Repo {
  readonly records: RecordReader
  readonly #parts: RepoParts
  readonly #nodes: NodeTable
  readonly #backlinks: Backlinks
  #head: Head | undefined
  #tree: Tree | undefined

  constructor(parts: RepoParts) {
    this.#parts = parts
    this.#nodes = new NodeTable(parts.sql)
    this.#backlinks = new Backlinks(parts.sql)
    this.records = new RecordReader(parts.sql)
  }

  /** @throws StorageError `RepoNotFound` before the first commit. */
  head(): Head {
    this.#head ??= readHead(this.#parts.sql)
    if (!this.#head) throw new StorageError('RepoNotFound', 'Could not find repo')
    return this.#head
  }

  /** The same, for clients to read. */
  headStrings(): { cid: string; rev: string } {
    const { cid, rev } = this.head()
    return { cid: cidString(cid), rev }
  }

  /** Forgets what is kept in memory, after the store was changed by other ways or not at all. */
  forget(): void {
    this.#head = undefined
    this.#tree = undefined
    this.#parts.outbox.forget()
  }

  /** Makes the empty first commit, and its event if it is `announced`; to be called in a transaction. */
  createEmpty(did: string, key: SigningKey, lastEvent: number, announced: boolean): void {
    const tree = new Tree(this.#nodes)
    const changes = tree.seal()
    const commit = signCommit(did, key, changes.root, nextRev(undefined))
    this.#head = this.#store(did, commit, tree, changes, new Map(), { lastEvent, announced })
  }

  /** Puts events into the outbox; to be called in the transaction of what they tell. */
  announce(...events: UnnumberedEvent[]): void {
    const head = this.head()
    const lastEvent = head.lastEvent + events.length
    for (const [index, event] of events.entries()) {
      this.#parts.outbox.add(head.lastEvent + 1 + index, event)
    }
    this.#head = { ...head, lastEvent }
    writeHead(this.#parts.sql, this.#head)
  }

  /** Tells consumers the current commit without a change that leads to it. */
  announceHead(did: string): void {
    const { cid, rev, block } = this.head()
    this.announce(syncEvent(did, rev, carFile(cid, [[cid, block]])))
  }

  /** Makes a new commit of the same tree, after the signing key has changed; in a transaction. */
  resign(did: string, key: SigningKey): void {
    const head = this.head()
    const commit = signCommit(did, key, head.data, nextRev(head.rev))
    this.#head = { ...commit, lastEvent: head.lastEvent, spending: head.spending }
    writeHead(this.#parts.sql, this.#head)
  }

  /**
   * Applies a batch: all of it in one commit, or nothing. Costs one row for each record, and one for its
   * CID; one for each tree node on the way to it, as many as the tree is high; one for the head and
   * one for the event. Synchronous, so that no other write comes in between.
   *
   * @throws StorageError `InvalidSwap`, `RecordAlreadyExists`, `RecordNotFound`, `InvalidRequest` when
   *   the event would be too large, or as `BlobIndex.check`
   */
  write(
    did: string,
    key: SigningKey,
    batch: WriteBatch,
    { limited = false }: WriteOptions = {},
  ): WriteResult {
    const head = this.head()
    const spent = limited ? spendOnWrites(spendingOf(head), pointsOf(batch.writes)) : undefined
    if (spent?.budget?.exceeded) throw new BudgetError(spent.budget)
    const budget = spent?.budget
    if (batch.swapCommit && !equalBytes(batch.swapCommit, head.cid)) {
      throw new StorageError('InvalidSwap', `Commit was at ${cidString(head.cid)}`)
    }
    const tree = this.#loadTree()
    const writes = [...batch.writes, ...this.#twinsOf(batch.writes)]
    const { changes, outcomes, nothingToDo } = planWrites(writes, (path) => tree.get(path))
    const results = outcomes.slice(0, batch.writes.length)
    if (nothingToDo) return { results, budget }
    for (const { after } of changes.values()) if (after) this.#parts.blobs.check(after.blobs)
    try {
      for (const [path, { after }] of changes) {
        if (after) tree.set(path, after.cid)
        else tree.delete(path)
      }
      const sealed = tree.seal()
      const commit = signCommit(did, key, sealed.root, nextRev(head.rev))
      this.#parts.storage.transactionSync(() => {
        const spending = spent?.spending ?? head.spending
        const events = { lastEvent: head.lastEvent, announced: true, spending }
        this.#head = this.#store(did, commit, tree, sealed, changes, events, head)
      })
      return { commit: { cid: commit.cid, rev: commit.rev }, results, budget }
    } catch (error) {
      // The tree in memory is ahead of the store now.
      this.forget()
      throw error
    }
  }

  /**
   * Puts an imported repository in the place of this one, under a new commit, and, unless the network
   * does not know the account yet, tells it that the repository was set anew.
   *
   * @throws StorageError `InvalidRequest` when the repository was written to meanwhile
   */
  replace(
    did: string,
    key: SigningKey,
    { data, rev, staging }: VerifiedImport,
    announced: boolean,
  ): void {
    const head = this.head()
    if (head.rev >= rev) {
      throw new StorageError(
        'InvalidRequest',
        'The repository was written to while it was imported: try again',
      )
    }
    const { storage, sql, blobs, retired } = this.#parts
    const commit = signCommit(did, key, data, rev)
    storage.transactionSync(() => {
      staging.replace()
      blobs.review()
      writeHead(sql, { ...commit, lastEvent: head.lastEvent, spending: head.spending })
      this.#head = undefined
      if (announced) this.announceHead(did)
    })
    retired.breakExports()
    this.forget()
  }

  /** How many blocks and records there are; reads a row for each. */
  counts(): { blocks: number; records: number } {
    const records = this.records.count()
    return { blocks: 1 + this.#nodes.count() + records, records }
  }

  /**
   * A CAR file that proves what is at a path, or that nothing is: the commit, the nodes on the way, and
   * the record. Reads a row per node.
   */
  proveRecord(path: string): Uint8Array {
    const { cid, block } = this.head()
    const tree = this.#loadTree()
    const nodes = new Set<Node>()
    collectProof(tree, path, 'update', nodes)
    const blocks: CarBlock[] = [[cid, block]]
    for (const node of nodes) if (node.cid) blocks.push([node.cid, encodeNode(node)])
    const record = this.records.getByPath(path)
    if (record) blocks.push([record.cid, record.block])
    return carFile(cid, blocks)
  }

  /**
   * A CAR file without root of the blocks with these CIDs. Records are found by their index; tree nodes
   * have none, since it would cost a row for each node of each write: for them the nodes are read.
   *
   * @throws StorageError `BlockNotFound` naming what is not there
   */
  getBlocks(cids: readonly string[]): Uint8Array {
    const head = this.head()
    const missing = new Map<string, CidBytes>()
    const blocks: CarBlock[] = []
    for (const cid of cids) {
      const bytes = cidBytes(cid)
      const found = equalBytes(bytes, head.cid) ? head : this.records.getByCid(bytes)
      if (found) blocks.push([bytes, found.block])
      else missing.set(cid, bytes)
    }
    const wanted = [...missing.values()]
    for (let from = 0; from < wanted.length; from += LOOKUP) {
      for (const { cid, block } of this.#nodes.findByCid(wanted.slice(from, from + LOOKUP))) {
        missing.delete(cidString(cid))
        blocks.push([cid, block])
      }
    }
    if (missing.size > 0) {
      const names = [...missing.keys()].join(', ')
      throw new StorageError('BlockNotFound', `Could not find blocks: ${names}`)
    }
    return carFile(null, blocks)
  }

  /** Deletions of the records that writes of a batch are to replace. */
  #twinsOf(writes: readonly Write[]): Write[] {
    return writes.flatMap((write) => {
      if (write.action !== 'create' || !write.replacesTwins) return []
      const path = `${write.collection}/${write.rkey ?? ''}`
      return this.#backlinks
        .twins(path, write.record.block)
        .map(({ collection, rkey }): Write => ({ action: 'delete', collection, rkey }))
    })
  }

  #loadTree(): Tree {
    if (!this.#tree || this.#tree.loaded > MAX_LOADED_NODES) this.#tree = new Tree(this.#nodes)
    return this.#tree
  }

  #store(
    did: string,
    commit: Commit,
    tree: Tree,
    sealed: SealedChanges,
    changes: ReadonlyMap<string, PathChange>,
    { lastEvent, announced, spending }: NextEvent,
    parent?: Head,
  ): Head {
    const { sql, outbox, retired } = this.#parts
    const car = commitCar(commit, tree, sealed, [...changes].map(toProvenChange))
    if (car.byteLength > MAX_EVENT_SIZE) {
      throw new StorageError('InvalidRequest', 'Too many writes. Max event size: 2MB')
    }
    retired.keep(sealed, changes, commit.rev)
    this.#nodes.apply(sealed, commit.rev)
    this.#storeRecords(changes, commit.rev)
    const head: Head = { ...commit, lastEvent: lastEvent + 1, spending }
    writeHead(sql, head)
    if (!announced) return head
    const event = {
      repo: did,
      commit: decodeCid(commit.cid),
      rev: commit.rev,
      since: parent?.rev ?? null,
      blocks: car,
      ops: [...changes].map(toOp),
      ...(parent && { prevData: decodeCid(parent.data) }),
    }
    outbox.add(head.lastEvent, commitEvent(event))
    return head
  }

  #storeRecords(changes: ReadonlyMap<string, PathChange>, rev: string): void {
    const { sql, blobs } = this.#parts
    const written: SqlBinding[][] = []
    for (const [path, { before, after }] of changes) {
      if (before) this.#backlinks.remove(path)
      if (after) {
        written.push([path, after.cid, rev, after.block])
        this.#backlinks.add(path, after.block)
      } else sql.exec('DELETE FROM record WHERE path = ?', path)
      if (before || after?.blobs.length) blobs.setReferences(path, after?.blobs ?? [])
    }
    insertRows(sql, 'INSERT OR REPLACE INTO record (path, cid, rev, block)', written)
  }
}

/** What goes into the head besides the commit. */
interface NextEvent {
  lastEvent: number
  /** Whether the commit is an event. */
  announced: boolean
  spending?: WriteSpending
}

const spendingOf = ({ spending }: Head): WriteSpending => spending ?? parseSpending(null)

const kindOf = ({ before, after }: PathChange): ChangeKind =>
  !after ? 'delete' : before ? 'update' : 'create'

const toProvenChange = ([path, change]: [string, PathChange]) => ({
  path,
  kind: kindOf(change),
  record: change.after && ([change.after.cid, change.after.block] as const),
})

function toOp([path, change]: [string, PathChange]): RepoOp {
  const { before, after } = change
  return {
    action: kindOf(change),
    path,
    cid: after ? decodeCid(after.cid) : null,
    ...(before && { prev: decodeCid(before) }),
  }
}
