/**
 * Firehose events as an account writes them into its outbox (`com.atproto.sync.subscribeRepos`): the body
 * in DAG-CBOR, with 0 for `seq` and the place where it stands, so that the sequencer puts its number in
 * without decoding anything.
 */

import { type Cid, type LexMap, ui8Concat } from '@atproto/lex-data'
import { encode } from '../../kernel/cbor/encode.ts'

export type EventKind = '#commit' | '#sync' | '#identity' | '#account'

/** A body without its number. */
export interface UnnumberedEvent {
  kind: EventKind
  body: Uint8Array
  /** Offset of the one byte that stands for `seq`. */
  seqAt: number
}

/** One event on its way to the sequencer. */
export interface OutboxEvent extends UnnumberedEvent {
  /** Strictly increasing per account. */
  id: number
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

export function commitEvent({ ops, rev, ...rest }: CommitEvent): UnnumberedEvent {
  return unnumbered(
    '#commit',
    { ops: ops.map((op) => ({ ...op })), rev },
    { ...rest, rebase: false, tooBig: false, blobs: [], time: now() },
  )
}

/** `blocks` is a CAR file with the commit object alone. */
export function syncEvent(did: string, rev: string, blocks: Uint8Array): UnnumberedEvent {
  return unnumbered('#sync', { did, rev }, { blocks, time: now() })
}

export function identityEvent(did: string, handle: string): UnnumberedEvent {
  return unnumbered('#identity', { did }, { handle, time: now() })
}

/** `status` says why an account is not active. */
export function accountEvent(did: string, active: boolean, status?: string): UnnumberedEvent {
  return unnumbered('#account', { did }, { active, status, time: now() })
}

const now = (): string => new Date().toISOString()

/** The key "seq" and the number 0. */
const SEQ = new Uint8Array([0x63, 0x73, 0x65, 0x71, 0x00])
const MAP = 0xa0

/**
 * Encodes a body of which `before` has the keys that come before "seq" in canonical order, and `after`
 * those that come behind. Bodies have fewer than 24 keys, so the head of the map is one byte.
 */
function unnumbered(kind: EventKind, before: LexMap, after: LexMap): UnnumberedEvent {
  const [first, second] = [encode(before), encode(after)]
  const count = mapSize(first) + 1 + mapSize(second)
  const head = new Uint8Array([MAP | count])
  const body = ui8Concat([head, first.subarray(1), SEQ, second.subarray(1)])
  return { kind, body, seqAt: first.byteLength + SEQ.byteLength - 1 }
}

const mapSize = (encoded: Uint8Array): number => (encoded[0] ?? MAP) & 0x1f
