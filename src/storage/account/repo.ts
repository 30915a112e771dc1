import { TID } from '@atproto/common-web'
import type { Keypair } from '@atproto/crypto'
import { parseCid } from '@atproto/lex-data'
import { StorageError } from '../error.ts'
import type { BlobIndex } from './blobs.ts'
import { NodeStore } from './blocks.ts'
import { commitEvent } from './events.ts'
import { firstEventNumber, type Head, readHead, writeHead } from './head.ts'
import { Outbox } from './outbox.ts'
import { RecordReader } from './records.ts'
import type { Retired } from './retired.ts'
import { type BuiltCommit, buildCommit, type PathChange } from './tree.ts'

/** A record as the Worker hands it over: validated and encoded. */
export interface EncodedRecord {
  cid: string
  /** DAG-CBOR. */
  block: Uint8Array
  /** The blobs it refers to. */
  blobs: BlobReference[]
}

export interface BlobReference {
  cid: string
  mimeType: string
  size: number
}

/** One write; `put` creates or updates, and does nothing where the record is equal already. */
export type Write =
  | { action: 'create'; collection: string; rkey?: string; record: EncodedRecord }
  | { action: 'update'; collection: string; rkey: string; record: EncodedRecord }
  | {
      action: 'put'
      collection: string
      rkey: string
      record: EncodedRecord
      /** CID that the record must have now; null: it must not exist. */
      swap?: string | null
    }
  | { action: 'delete'; collection: string; rkey: string; swap?: string | null }

export interface WriteBatch {
  writes: Write[]
  /** CID that the current commit must have. */
  swapCommit?: string
}

export interface WriteOutcome {
  action: 'create' | 'update' | 'delete'
  path: string
  /** CID of the record written; absent for a deletion. */
  cid?: string
}

export interface WriteResult {
  /** Absent when nothing had to change. */
  commit?: { cid: string; rev: string }
  results: WriteOutcome[]
}

/** The signed repository of one account: head, tree, records, and the events they cause. */
export class Repo {
  readonly records: RecordReader
  readonly #storage: DurableObjectStorage
  readonly #nodes: NodeStore
  readonly #outbox: Outbox
  readonly #blobs: BlobIndex
  readonly #retired: Retired

  constructor(storage: DurableObjectStorage, blobs: BlobIndex, retired: Retired) {
    this.#storage = storage
    this.#nodes = new NodeStore(storage.sql)
    this.#outbox = new Outbox(storage.sql)
    this.#blobs = blobs
    this.#retired = retired
    this.records = new RecordReader(storage.sql)
  }

  /** @throws StorageError `RepoNotFound` before the first commit. */
  head(): Head {
    const head = readHead(this.#storage.sql)
    if (!head) throw new StorageError('RepoNotFound', 'Could not find repo')
    return head
  }

  /** Builds the empty first commit; `store` is to be called inside the account's transaction. */
  async prepareFirstCommit(did: string, keypair: Keypair): Promise<FirstCommit> {
    const commit = await buildCommit(this.#nodes, did, keypair, undefined, [])
    return {
      commit,
      firstEvent: firstEventNumber(),
      store: (lastEvent) => this.#storeCommit(did, commit, undefined, lastEvent),
    }
  }

  /**
   * Applies a batch: all of it in one commit, or nothing. Costs one row per record written or
   * deleted, one per tree node that changes, one for the head and one for the event.
   *
   * The caller sees to it that no two calls overlap.
   *
   * @throws StorageError `InvalidSwap`, `RecordAlreadyExists`, `RecordNotFound`, or as `BlobIndex`
   */
  async write(did: string, keypair: Keypair, batch: WriteBatch): Promise<WriteResult> {
    const head = this.head()
    if (batch.swapCommit !== undefined && batch.swapCommit !== head.cid) {
      throw new StorageError('InvalidSwap', `Commit was at ${head.cid}`)
    }
    const plan = this.#plan(batch.writes)
    if (plan.nothingToDo) return { results: plan.results }

    for (const { record } of plan.final.values()) {
      if (record) this.#blobs.check(record.blobs)
    }
    const changes = [...plan.final].map(
      ([path, { before, record }]): PathChange => ({
        path,
        before: before ? parseCid(before) : null,
        after: record ? { cid: parseCid(record.cid), block: record.block } : null,
      }),
    )
    const commit = await buildCommit(this.#nodes, did, keypair, head, changes)
    const { sql } = this.#storage
    this.#storage.transactionSync(() => {
      for (const [path, { before, record }] of plan.final) {
        if (before) this.#retired.keepRecord(path)
        if (record) {
          sql.exec(
            'INSERT OR REPLACE INTO record (path, cid, rev, block) VALUES (?, ?, ?, ?)',
            path,
            record.cid,
            commit.rev,
            record.block,
          )
        } else {
          sql.exec('DELETE FROM record WHERE path = ?', path)
        }
        this.#blobs.setReferences(path, record?.blobs ?? [])
      }
      this.#storeCommit(did, commit, head, head.lastEvent)
    })
    return { commit: { cid: commit.cid.toString(), rev: commit.rev }, results: plan.results }
  }

  /** Checks each write against what is there and folds the batch into one change per path. */
  #plan(writes: readonly Write[]) {
    const final = new Map<string, { before: string | undefined; record?: EncodedRecord }>()
    const results: WriteOutcome[] = []
    let nothingToDo = writes.length > 0
    for (const write of writes) {
      const path = `${write.collection}/${write.rkey ?? TID.nextStr()}`
      const earlier = final.get(path)
      const before = earlier ? earlier.before : this.records.cid(path)
      const current = earlier ? earlier.record?.cid : before
      const outcome = checkWrite(write, path, current)
      results.push(outcome.result)
      if (outcome.changes) {
        nothingToDo = false
        final.set(path, { before, record: write.action === 'delete' ? undefined : write.record })
      }
    }
    // Created and deleted again within the batch: the tree never sees it.
    for (const [path, { before, record }] of final) if (!before && !record) final.delete(path)
    return { final, results, nothingToDo }
  }

  #storeCommit(did: string, commit: BuiltCommit, parent: Head | undefined, lastEvent: number) {
    const { sql } = this.#storage
    for (const cid of commit.removedNodes) {
      this.#retired.keepNode(cid)
      sql.exec('DELETE FROM node WHERE cid = ?', cid)
    }
    for (const { cid, bytes } of commit.newNodes.entries()) {
      sql.exec(
        'INSERT OR REPLACE INTO node (cid, rev, block) VALUES (?, ?, ?)',
        cid.toString(),
        commit.rev,
        bytes,
      )
    }
    const id = lastEvent + 1
    writeHead(sql, {
      cid: commit.cid.toString(),
      rev: commit.rev,
      data: commit.data.toString(),
      block: commit.block,
      lastEvent: id,
    })
    this.#outbox.add({
      id,
      kind: '#commit',
      body: commitEvent({
        repo: did,
        commit: commit.cid,
        rev: commit.rev,
        since: parent?.rev ?? null,
        blocks: commit.car,
        ops: commit.ops,
        ...(parent && { prevData: parseCid(parent.data) }),
      }),
    })
  }
}

/** The empty first commit of a repository. */
export interface FirstCommit {
  commit: BuiltCommit
  /** Number for the first event of the account. */
  firstEvent: number
  /** Stores the commit and its event, which gets the number after `lastEvent`. */
  store(lastEvent: number): void
}

/** Whether one write is allowed and changes anything, given the record's current CID. */
function checkWrite(
  write: Write,
  path: string,
  current: string | undefined,
): { result: WriteOutcome; changes: boolean } {
  if ('swap' in write && write.swap !== undefined && write.swap !== (current ?? null)) {
    throw new StorageError('InvalidSwap', `Record was at ${current ?? null}`)
  }
  switch (write.action) {
    case 'create':
      if (current) throw new StorageError('RecordAlreadyExists', `Record already exists: ${path}`)
      return { result: { action: 'create', path, cid: write.record.cid }, changes: true }
    case 'update':
      if (!current) throw new StorageError('RecordNotFound', `Could not locate record: ${path}`)
      return { result: { action: 'update', path, cid: write.record.cid }, changes: true }
    case 'put':
      return {
        result: { action: current ? 'update' : 'create', path, cid: write.record.cid },
        changes: current !== write.record.cid,
      }
    case 'delete':
      return { result: { action: 'delete', path }, changes: current !== undefined }
  }
}
