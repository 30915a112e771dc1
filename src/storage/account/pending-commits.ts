import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject } from '@atproto/lex-data'
import { type CidBytes, cidOf, cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import { MalformedCborError } from '../../kernel/cbor/reader.ts'
import { MalformedTreeError } from '../mst/node.ts'
import { Tree } from '../mst/tree.ts'
import type { Commit } from './commit.ts'
import { carOf, eventOf, type NewCommit } from './commit-event.ts'
import type { OutboxEvent } from './events.ts'
import type { Head, HeadStore } from './head.ts'
import { type JournaledCommit, JournalTable } from './journal.ts'
import { type NodeTable, type PendingNode, PendingNodes } from './nodes.ts'
import type { Outbox } from './outbox.ts'
import type { RecordReader } from './records.ts'
import type { TreeCache } from './tree-cache.ts'
import type { PathChange } from './writes.ts'

/** Commits that are settled together, as soon as their events are delivered. */
const BATCH = 32
/** Commits and bytes of events that wait at most, whatever became of their events. */
const MOST = 2 * BATCH
const MOST_BYTES = 512 * 1024

/** What commits consist of, and what is dropped with them when a transaction was rolled back. */
export interface PendingParts {
  storage: DurableObjectStorage
  sql: SqlStorage
  nodes: NodeTable
  head: HeadStore
  tree: TreeCache
  records: RecordReader
  outbox: Outbox
  caches: { clear(): void }
}

/**
 * Commits that are durable by their row in the journal and the records that they wrote. Their tree nodes, their head and
 * their events are in memory, until all of them are settled, in one transaction: a node that many commits changed is
 * then written once. After a crash they are made again from the journal, when something is first asked that depends on
 * them: the root of the tree must come out as it was signed.
 *
 * No path is changed by two of them, so that `record` has what each of them left there.
 */
export class PendingCommits {
  readonly #parts: PendingParts
  readonly #journal: JournalTable
  readonly #nodes = new PendingNodes()
  readonly #paths = new Set<string>()
  #count = 0
  #bytes = 0
  /** When the first was added since the last `tidy`, in ms since the epoch. */
  #since: number | undefined
  /** Whether memory has what the journal has. */
  #isLoaded = false

  constructor(parts: PendingParts) {
    this.#parts = parts
    this.#journal = new JournalTable(parts.sql)
  }

  /**
   * Since when there have been commits, in ms since the epoch; undefined: all are settled. An object before this one may
   * have left some.
   */
  since(): number | undefined {
    const isAny = this.#isLoaded ? this.#count > 0 : this.#journal.count() > 0
    return isAny ? (this.#since ?? 0) : undefined
  }

  /** Whether they are to be settled when all their events are delivered. */
  get isFull(): boolean {
    return this.#count >= BATCH || this.#bytes > MOST_BYTES / 2
  }

  /** Settles, and lets time run anew. */
  tidy(): void {
    this.settle()
    this.#since = undefined
  }

  /** Whether one of them changed one of these paths. */
  touch(paths: Iterable<string>): boolean {
    for (const path of paths) if (this.#paths.has(path)) return true
    return false
  }

  /** To be called before one more: settles those there are once they are many; in the transaction of the commit. */
  makeRoom(): void {
    const isDelivered = !this.#parts.outbox.hasJournaled
    const isFull = this.#count >= (isDelivered ? BATCH : MOST) || this.#bytes > MOST_BYTES
    if (isFull) this.settle()
  }

  /** Adds a commit, in its transaction; its records are stored by the caller. */
  add(commit: NewCommit, next: Omit<JournaledCommit, 'block' | 'paths'>, car: Uint8Array): void {
    const { head, outbox } = this.#parts
    const { block } = commit.commit
    this.#since ??= Date.now()
    const paths = [...commit.changes.keys()]
    this.#journal.add({ ...next, block, paths })
    this.#note(commit, car)
    const { usage, counts } = next
    head.remember({ ...commit.commit, lastEvent: next.id, usage, counts })
    outbox.remember({ id: next.id, ...eventOf(commit, car) })
  }

  /** The nodes that they left behind, each place once; as they are now. */
  nodes(): readonly PendingNode[] {
    this.load()
    return [...this.#nodes.values()]
  }

  /** Brings `head` and `node` up to date, and undelivered events into the outbox. Costs nothing where nothing waits. */
  settle(): void {
    this.load()
    if (this.#count === 0) return
    const { storage, nodes, head, outbox, caches } = this.#parts
    try {
      storage.transactionSync(() => {
        const found = this.#journal.count()
        if (found !== this.#count) {
          throw new JournalError(
            `${found} commits are in the journal, and ${this.#count} in memory`,
          )
        }
        nodes.store(this.#nodes)
        head.store()
        outbox.storeJournaled()
        this.#journal.clear()
      })
    } catch (error) {
      caches.clear()
      throw error
    }
    this.#forget()
  }

  /**
   * Makes the commits of the journal again, where an object before this one has left some.
   *
   * @throws JournalError when one does not come out as it was
   */
  load(): void {
    if (this.#isLoaded) return
    this.#isLoaded = true
    try {
      this.#redo(this.#journal.all())
    } catch (error) {
      this.#parts.caches.clear()
      throw asDamage(error)
    }
  }

  /** Forgets what is in memory, after a rollback: it is read from the journal again. */
  clearCache(): void {
    this.#forget()
    this.#isLoaded = false
  }

  #redo(commits: readonly JournaledCommit[]): void {
    const { nodes, head, tree: treeCache, outbox } = this.#parts
    const events: OutboxEvent[] = []
    if (commits.length > 0) {
      const tree = new Tree(nodes)
      let parent = head.stored()
      for (const journaled of commits) {
        const commit = this.#remake(journaled, tree, parent)
        const car = carOf(commit)
        this.#note(commit, car)
        events.push({ id: journaled.id, ...eventOf(commit, car) })
        const { id, usage, counts } = journaled
        parent = { ...commit.commit, lastEvent: id, usage, counts }
      }
      treeCache.put(tree)
      if (parent) head.remember(parent)
    }
    outbox.setJournaled(events)
  }

  /** Does to the tree what a commit did. */
  #remake({ id, block, paths }: JournaledCommit, tree: Tree, parent: Head | undefined): NewCommit {
    const { did, rev, data } = readCommit(block)
    const commit: Commit = { cid: cidOf(block), rev, data, block }
    const changes = new Map<string, PathChange>()
    for (const path of paths) {
      const before = tree.get(path)
      const record = this.#parts.records.getByPath(path)
      changes.set(path, { before, after: record && { ...record, blobs: [] } })
      if (record) tree.set(path, record.cid)
      else tree.delete(path)
    }
    const sealed = tree.seal()
    if (!equalBytes(sealed.root, data)) {
      throw new JournalError(
        `commit ${rev} (event ${id}) of ${did} has the tree ${cidString(data)}, and is made again with ${cidString(sealed.root)}`,
      )
    }
    return { did, commit, tree, sealed, changes, ...(parent && { parent }) }
  }

  #note({ commit, sealed, changes }: NewCommit, car: Uint8Array): void {
    this.#nodes.add(sealed, commit.rev)
    for (const path of changes.keys()) this.#paths.add(path)
    this.#count++
    this.#bytes += car.byteLength
  }

  #forget(): void {
    this.#nodes.clear()
    this.#paths.clear()
    this.#count = 0
    this.#bytes = 0
  }
}

/** The journal does not fit what is stored beside it: nothing is done rather than something wrong. */
export class JournalError extends Error {
  override name = 'JournalError'
}

/** What is wrong with rows stays wrong; a statement that fails may not do so again. */
const asDamage = (error: unknown): unknown =>
  error instanceof MalformedTreeError || error instanceof MalformedCborError
    ? new JournalError(`the journal cannot be read: ${error.message}`, { cause: error })
    : error

function readCommit(block: Uint8Array): { did: string; rev: string; data: CidBytes } {
  const commit = decodedOf(block)
  if (!isPlainObject(commit)) throw new JournalError('a commit of the journal is none')
  const { did, rev, data } = commit as Record<string, unknown>
  if (typeof did !== 'string' || typeof rev !== 'string' || !isCid(data)) {
    throw new JournalError('a commit of the journal is none')
  }
  return { did, rev, data: data.bytes }
}

function decodedOf(block: Uint8Array): unknown {
  try {
    return decode(block)
  } catch (error) {
    throw new JournalError('a commit of the journal is none', { cause: error })
  }
}
