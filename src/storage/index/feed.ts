/** Reads events of the sequencer's log, as far as an index and hooks need them. */
import { decodeAll } from '@atproto/lex-cbor'
import { CID_LENGTH, type CidBytes, equalBytes } from '../../kernel/cbor/cid.ts'

/** One change of a record. */
export interface LoggedChange {
  action: 'create' | 'update' | 'delete'
  collection: string
  rkey: string
  /** Of the record that was written. */
  cid: CidBytes | undefined
  /** DAG-CBOR; undefined for a deletion. */
  block: Uint8Array | undefined
}

/** `time` as the event has it, ISO 8601. */
export type LoggedEvent = { did: string; time: string } & (
  | { kind: 'commit'; rev: string; isFirst: boolean; changes: LoggedChange[] }
  | { kind: 'sync'; rev: string }
  | { kind: 'account'; state: 'active' | 'inactive' | 'deleted'; status: string | undefined }
)

interface Body {
  repo?: string
  did?: string
  rev?: string
  since?: string | null
  ops?: { action: LoggedChange['action']; path: string; cid: { bytes: Uint8Array } | null }[]
  blocks?: Uint8Array
  time?: string
  active?: boolean
  status?: string
}

/**
 * What a frame of the firehose says. It was made on this host, so it is not checked again.
 *
 * @param wanted whether somebody wants the records of a collection; blocks of others are not looked for
 */
export function readFrame(
  frame: Uint8Array,
  wanted: (collection: string) => boolean,
): LoggedEvent | undefined {
  const [header, body] = [...decodeAll(frame)] as unknown as [{ t?: string }, Body]
  const { did = '', rev = '', time = '', status } = body
  switch (header.t) {
    case '#sync':
      return { kind: 'sync', did, time, rev }
    case '#account': {
      const state = body.active ? 'active' : status === 'deleted' ? 'deleted' : 'inactive'
      return { kind: 'account', did, time, state, status }
    }
    case '#commit':
      return {
        kind: 'commit',
        did: body.repo ?? '',
        time,
        rev,
        isFirst: body.since === null,
        changes: changesOf(body, wanted),
      }
    default:
      return undefined
  }
}

function changesOf({ ops = [], blocks }: Body, wanted: (collection: string) => boolean) {
  const changes: LoggedChange[] = []
  let found: Block[] | undefined
  for (const { action, path, cid } of ops) {
    const slash = path.indexOf('/')
    const collection = path.slice(0, slash)
    if (!wanted(collection)) continue
    const change = { action, collection, rkey: path.slice(slash + 1) }
    if (!cid || !blocks) {
      changes.push({ ...change, cid: undefined, block: undefined })
      continue
    }
    found ??= blocksOf(blocks)
    const { bytes } = cid
    const block = found.find((one) => equalBytes(one.cid, bytes))?.block
    changes.push({ ...change, cid: bytes, block })
  }
  return changes
}

interface Block {
  cid: Uint8Array
  block: Uint8Array
}

/** The blocks of a CAR file, whose first part is its header. */
function blocksOf(car: Uint8Array): Block[] {
  const blocks: Block[] = []
  let at = 0
  for (let isHeader = true; at < car.byteLength; isHeader = false) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = car[at++] ?? 0
      length += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    const part = car.subarray(at, at + length)
    at += length
    if (isHeader) continue
    blocks.push({ cid: part.subarray(0, CID_LENGTH), block: part.subarray(CID_LENGTH) })
  }
  return blocks
}
