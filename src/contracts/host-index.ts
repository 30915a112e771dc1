/** What the host's index answers: rows over all accounts, and the hooks of collections. */

import type { IndexLayout } from '../kernel/index-shards.ts'
import type { KeyValue } from '../storage/index/conditions.ts'
import type { HookHandover } from '../storage/index/handover.ts'
import type { HookRange } from '../storage/index/host-index.ts'
import type { HookLetter } from '../storage/index/letters.ts'
import type {
  IndexPage,
  IndexRow,
  IndexSelection,
  PageQuery,
  RankedPage,
  ShardPage,
} from '../storage/index/pages.ts'
import type { ShardOrder } from '../storage/index/shard-place.ts'
import type { HookTask } from '../storage/index/task.ts'
import type { HookCounts } from '../storage/index/tasks.ts'
import type { SequencedEvent } from '../storage/sequencer/log.ts'
import type { RowCounts } from '../storage/sql.ts'
import type { Answer } from './answer.ts'
import type { Failure } from './failure.ts'
import type { JobsRpc } from './jobs.ts'
import type { WebhookDeliveryRpc } from './webhooks.ts'

/** How far the log reaches. */
export interface LogReach {
  /** The number behind which there may be events that were not read. */
  head: number
  /** Events up to this number are gone. */
  prunedTo: number
}

/** What the sequencer calls. */
export interface IndexFeedRpc {
  /**
   * Where reading goes on: behind the last event that was read, or, the first time and after events were lost, behind
   * `head`.
   */
  begin(reach: LogReach, order?: ShardOrder): Answer<number>
  /** Tells it of a change. */
  order(order: ShardOrder): Answer<void>
  /**
   * Reads events, all of them or none.
   *
   * @param after the position that they follow; another one than it is, and nothing is read
   * @param upTo the new position
   * @returns the position
   */
  take(
    after: number,
    events: readonly SequencedEvent[],
    upTo: number,
    hooks?: HookRange,
  ): Answer<number>
  /** Whether all is there that is in the repositories. */
  isFilled(): Answer<boolean>
  /**
   * It serves no more, from now on; once it has read the event numbered `upTo`, it hands over what waits for hooks, and what
   * was given up.
   *
   * @returns whether that is done
   */
  retire(to: IndexLayout, upTo: number): Answer<boolean>
  /** Forgets everything that is of the index. */
  clear(): Answer<void>
}

/** What the objects of a layout that serves no more call. */
export interface HandoverRpc {
  take(handover: HookHandover): Answer<void>
}

/** What accounts tell of what the log does not hold. */
export interface IndexTakedownRpc {
  /** @param rev of the repository when the record at this path was taken down; null: it is not */
  set(did: string, path: string, rev: string | null): Answer<void>
}

/** How one collection's index is doing. */
export interface IndexState {
  collection: string
  /** Whether queries are answered. */
  serves: boolean
  /** What is being read from the repositories; undefined: all was. */
  filling?: { accounts: number; records: number; startedAt: number }
  /** What was read from the repositories when it was new, and in how many ms. */
  filled?: { accounts: number; records: number; ms: number }
}

/** How one object of the index is doing. */
export interface ShardState {
  /** The number of the last event that was read; undefined: none was yet. */
  position: number | undefined
  /** Bytes of its database. */
  bytes: number
}

export interface IndexReport {
  /** The number of the last event that was read; undefined: none was yet. */
  position: number | undefined
  collections: IndexState[]
  hooks: HookCounts[]
  /** Files that cannot be loaded: writes into their collections are refused. */
  failed: { file: string; message: string }[]
  /** The objects that have it. */
  shards: ShardState[]
  /** What it is about to be divided into, and how much of that was read from the repositories. */
  change?: { shards: number; accounts: number; records: number; filled: number }
}

/** What a shard answers to whoever puts its answers together with those of the others. Bytes are a share of an answer's. */
export interface ShardQueryRpc {
  page(query: PageQuery, maxBytes: number): Answer<ShardPage>
  group(
    query: PageQuery,
    values: readonly KeyValue[],
    max: number,
    maxBytes: number,
  ): Answer<{ page: ShardPage; count: number }[]>
  search(
    collection: string,
    text: string,
    limit: number,
    offset: number,
    maxBytes: number,
  ): Answer<RankedPage>
}

export interface IndexQueryRpc {
  /** @throws StorageError `IndexNotReady`, `InvalidRequest` for a wrong cursor */
  page(query: PageQuery): Answer<IndexPage>
  /** No more than `max`. @throws StorageError `IndexNotReady` */
  count(selection: IndexSelection, max: number): Answer<number>
  /** A page, and how many there are but no more than `max`, for each of some values of the first place. */
  group(
    query: PageQuery,
    values: readonly KeyValue[],
    max: number,
  ): Answer<{ page: IndexPage; count: number }[]>
  /** Records by their addresses, in this order; those that are not there are left out. */
  get(collection: string, addresses: readonly { did: string; rkey: string }[]): Answer<IndexRow[]>
  /** Records with these words. */
  search(collection: string, text: string, limit: number, offset: number): Answer<IndexPage>
}

export interface HookRpc {
  /** Writes that were given up, the newest first, from before one of them. */
  letters(limit: number, before?: number): Answer<HookLetter[]>
  /** Tries one of them again, or all. @returns how many */
  replay(id?: number): Answer<number>
  /** Forgets one of them, or all. @returns how many */
  drop(id?: number): Answer<number>
}

/** What this host's index can be asked. */
export interface HostIndexRpc {
  feed: IndexFeedRpc
  takedowns: IndexTakedownRpc
  query: IndexQueryRpc
  shard: ShardQueryRpc
  handover: HandoverRpc
  hooks: HookRpc
  jobs: JobsRpc
  webhooks: WebhookDeliveryRpc
  operator: { report(): Answer<IndexReport> }
  rowCounts: { take(): Answer<RowCounts> }
}

/** What came of telling a hook. */
export interface HookReport extends Partial<Failure> {
  /** Of the task. */
  id: number
  /** Why it failed; undefined: it did not. */
  error?: string
}

/** The entrypoint in which hooks run. */
export interface HooksEntrypoint {
  /**
   * Tells hooks of writes, each of another account, all at once.
   *
   * @param timeout ms that each may take
   * @param report is told of those that have ended while others take long
   * @returns the others
   */
  run(
    tasks: readonly HookTask[],
    timeout: number,
    report: (reports: readonly HookReport[]) => unknown,
  ): Promise<HookReport[]>
}
