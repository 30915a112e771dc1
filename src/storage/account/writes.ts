import { TID } from '@atproto/common-web'
import { type CidBytes, cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import { StorageError } from '../error.ts'

/** Largest record that is written, in bytes of DAG-CBOR. */
export const MAX_RECORD_SIZE = 1_000_000

/** A record, validated and encoded by the Worker. */
export interface EncodedRecord {
  cid: CidBytes
  /** DAG-CBOR. */
  block: Uint8Array
  /** The blobs it refers to. */
  blobs: BlobReference[]
}

export interface BlobReference {
  cid: string
  mimeType: string
  /** Bytes. */
  size: number
}

/** One write; `put` creates or updates, and does nothing where the record is equal already. */
export type Write =
  | {
      action: 'create'
      collection: string
      rkey?: string
      record: EncodedRecord
      /** Earlier likes, reposts, follows and blocks of the same subject are deleted along with it. */
      replacesDuplicates?: boolean
    }
  | { action: 'update'; collection: string; rkey: string; record: EncodedRecord }
  | {
      action: 'put'
      collection: string
      rkey: string
      record: EncodedRecord
      /** CID that the record must have now; null: it must not exist. */
      swap?: CidBytes | null
    }
  | { action: 'delete'; collection: string; rkey: string; swap?: CidBytes | null }

export interface WriteOutcome {
  action: 'create' | 'update' | 'delete'
  path: string
  /** CID of the record written; absent for a deletion. */
  cid?: CidBytes
}

/** One path before and after a batch. */
export interface PathChange {
  before: CidBytes | null
  /** Undefined: no record. */
  after: EncodedRecord | undefined
}

export interface Plan {
  changes: Map<string, PathChange>
  outcomes: WriteOutcome[]
  /** Every write found its path as it should become, or there is none, so no commit is made. */
  nothingToDo: boolean
}

/**
 * Checks each write of a batch against what is there and folds the batch into one change per path.
 *
 * @param current CID of the record at a path, or null
 * @throws StorageError `InvalidSwap`, `RecordAlreadyExists`, `RecordNotFound`
 */
export function planWrites(
  writes: readonly Write[],
  current: (path: string) => CidBytes | null,
): Plan {
  const changes = new Map<string, PathChange>()
  const outcomes: WriteOutcome[] = []
  let nothingToDo = true
  for (const write of writes) {
    const path = `${write.collection}/${write.rkey ?? TID.nextStr()}`
    const earlier = changes.get(path)
    const before = earlier ? earlier.before : current(path)
    const now = earlier ? (earlier.after?.cid ?? null) : before
    const { changed, ...outcome } = checkWrite(write, path, now)
    outcomes.push(outcome)
    if (changed) {
      nothingToDo = false
      changes.set(path, { before, after: write.action === 'delete' ? undefined : write.record })
    }
  }
  // Created and deleted again within the batch: the tree never sees it.
  for (const [path, { before, after }] of changes) if (!before && !after) changes.delete(path)
  return { changes, outcomes, nothingToDo }
}

function checkWrite(
  write: Write,
  path: string,
  now: CidBytes | null,
): WriteOutcome & { changed: boolean } {
  if ('swap' in write && write.swap !== undefined) assertSwap(write.swap, now)
  switch (write.action) {
    case 'create':
      if (now) throw new StorageError('RecordAlreadyExists', `Record already exists: ${path}`)
      return { action: 'create', path, cid: write.record.cid, changed: true }
    case 'update':
      if (!now) throw new StorageError('RecordNotFound', `Could not locate record: ${path}`)
      return { action: 'update', path, cid: write.record.cid, changed: true }
    case 'put': {
      const { cid } = write.record
      const changed = !now || !equalBytes(now, cid)
      return { action: now ? 'update' : 'create', path, cid, changed }
    }
    case 'delete':
      return { action: 'delete', path, changed: now !== null }
  }
}

function assertSwap(swap: CidBytes | null, now: CidBytes | null): void {
  const equal = swap && now ? equalBytes(swap, now) : swap === now
  if (!equal) throw new StorageError('InvalidSwap', `Record was at ${now ? cidString(now) : null}`)
}
