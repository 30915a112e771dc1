/**
 * Bodies of firehose events as an account writes them into its outbox: DAG-CBOR, complete but for
 * `seq`, which the sequencer adds (`com.atproto.sync.subscribeRepos`).
 */
import { encode } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'

export type EventKind = '#commit' | '#sync' | '#identity' | '#account'

/** One event on its way to the sequencer. */
export interface OutboxEvent {
  /** Strictly increasing per account. */
  id: number
  kind: EventKind
  body: Uint8Array
}

/** One path's net change in a commit; `prev` is absent on creation, `cid` is null on deletion. */
export interface RepoOp {
  action: 'create' | 'update' | 'delete'
  path: string
  cid: Cid | null
  prev?: Cid
}

export interface CommitEvent {
  repo: string
  commit: Cid
  rev: string
  since: string | null
  /** CAR file: the commit, what is new, and the nodes that prove each operation. */
  blocks: Uint8Array
  ops: RepoOp[]
  /** MST root before this commit. */
  prevData?: Cid
}

export function commitEvent(event: CommitEvent): Uint8Array {
  return encode({
    ...event,
    ops: event.ops.map((op) => ({ ...op })),
    rebase: false,
    tooBig: false,
    blobs: [],
    time: now(),
  })
}

/** `blocks` is a CAR file with the commit object alone. */
export function syncEvent(did: string, rev: string, blocks: Uint8Array): Uint8Array {
  return encode({ did, rev, blocks, time: now() })
}

export function identityEvent(did: string, handle: string): Uint8Array {
  return encode({ did, handle, time: now() })
}

/** `status` says why an account is not active. */
export function accountEvent(did: string, active: boolean, status?: string): Uint8Array {
  return encode({ did, active, status, time: now() })
}

const now = (): string => new Date().toISOString()
