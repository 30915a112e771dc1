/** Writes a repository as a CAR file (atproto repository spec, CAR File Serialization). */
import { decode, encode } from '@atproto/lex-cbor'
import { type Cid, parseCid, ui8Concat } from '@atproto/lex-data'
import { varint } from 'multiformats'
import type { Head } from './head.ts'
import type { Retired } from './retired.ts'

/** Bytes collected before they are handed on: small chunks cost a crossing each. */
const CHUNK = 64 * 1024

/** A tree node as it is encoded (atproto repository spec, MST Structure). */
interface NodeData {
  l: Cid | null
  e: { p: number; k: Uint8Array; v: Cid; t: Cid | null }[]
}

/**
 * The whole repository at `head`: commit first, then the tree in pre-order, each record right after
 * the node that names it. One row read per block; never more than a chunk in memory.
 *
 * `release` is called when the stream ends, fails or is cancelled.
 */
export function exportCar(
  sql: SqlStorage,
  retired: Retired,
  head: Head,
  release: () => void,
): ReadableStream<Uint8Array> {
  const blocks = walk(sql, retired, head)
  return new ReadableStream(
    {
      type: 'bytes',
      pull(controller) {
        try {
          const chunk = collect(blocks)
          if (chunk.byteLength > 0) return controller.enqueue(chunk)
          release()
          controller.close()
        } catch (cause) {
          release()
          throw cause
        }
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  )
}

/** Takes whole blocks until there is a chunk's worth; empty at the end. */
function collect(blocks: Iterator<Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  while (size < CHUNK) {
    const { value, done } = blocks.next()
    if (done) break
    parts.push(value)
    size += value.byteLength
  }
  return ui8Concat(parts)
}

function* walk(sql: SqlStorage, retired: Retired, head: Head): Generator<Uint8Array, void> {
  const root = parseCid(head.cid)
  const header = encode({ version: 1, roots: [root] })
  yield ui8Concat([encodeVarint(header.byteLength), header])
  yield carBlock(root, head.block)
  yield* walkNode(parseCid(head.data))

  function* walkNode(cid: Cid): Generator<Uint8Array, void> {
    const block = readNode(cid)
    yield carBlock(cid, block)
    const node = decode(block) as unknown as NodeData
    if (node.l) yield* walkNode(node.l)
    let key = new Uint8Array()
    for (const { p, k, v, t } of node.e) {
      key = ui8Concat([key.subarray(0, p), k])
      yield carBlock(v, readRecord(new TextDecoder().decode(key), v))
      if (t) yield* walkNode(t)
    }
  }

  function readNode(cid: Cid): Uint8Array {
    const row = sql
      .exec<{ block: ArrayBuffer }>('SELECT block FROM node WHERE cid = ?', cid.toString())
      .toArray()[0]
    return row ? new Uint8Array(row.block) : readRetired(cid)
  }

  function readRecord(path: string, cid: Cid): Uint8Array {
    const row = sql
      .exec<{ block: ArrayBuffer }>(
        'SELECT block FROM record WHERE path = ? AND cid = ?',
        path,
        cid.toString(),
      )
      .toArray()[0]
    return row ? new Uint8Array(row.block) : readRetired(cid)
  }

  function readRetired(cid: Cid): Uint8Array {
    const block = retired.get(cid.toString())
    if (!block) throw new MissingBlockError(cid)
    return block
  }
}

function carBlock(cid: Cid, block: Uint8Array): Uint8Array {
  const length = encodeVarint(cid.bytes.byteLength + block.byteLength)
  return ui8Concat([length, cid.bytes, block])
}

function encodeVarint(value: number): Uint8Array {
  return varint.encodeTo(value, new Uint8Array(varint.encodingLength(value)))
}

/** The store does not hold a block that the tree refers to: it is damaged. */
export class MissingBlockError extends Error {
  override name = 'MissingBlockError'
  constructor(cid: Cid) {
    super(`block is missing from the repository: ${cid}`)
  }
}
