/** CAR files, version 1 (repository specification, CAR File Serialization). */
import { decodeCid, ui8Concat } from '@atproto/lex-data'
import { varint } from 'multiformats'
import { type CidBytes, equalBytes } from '../kernel/cbor/cid.ts'
import { encode } from '../kernel/cbor/encode.ts'

/** The start of a CAR file with one root, or none. */
export function carHeader(root: CidBytes | null): Uint8Array {
  const header = encode({ version: 1, roots: root ? [decodeCid(root)] : [] })
  return ui8Concat([encodeVarint(header.byteLength), header])
}

/** Bytes that a part, a block with its CID before it, takes in a CAR file. */
export const carPartLength = ({ byteLength }: Uint8Array): number =>
  varint.encodingLength(byteLength) + byteLength

/** Writes a part at `offset`; returns the offset behind it. */
export function writeCarPart(into: Uint8Array, offset: number, content: Uint8Array): number {
  const start = offset + varint.encodingLength(content.byteLength)
  varint.encodeTo(content.byteLength, into, offset)
  into.set(content, start)
  return start + content.byteLength
}

/** Bytes that a block takes in a CAR file. */
export function carBlockLength(block: Uint8Array, cidLength: number): number {
  const length = cidLength + block.byteLength
  return varint.encodingLength(length) + length
}

/** Writes a block at `offset`; returns the offset behind it. */
export function writeCarBlock(
  into: Uint8Array,
  offset: number,
  cid: CidBytes,
  block: Uint8Array,
): number {
  const length = cid.byteLength + block.byteLength
  varint.encodeTo(length, into, offset)
  const start = offset + varint.encodingLength(length)
  into.set(cid, start)
  into.set(block, start + cid.byteLength)
  return start + length
}

/** A whole CAR file in memory, each block once; for the few of a proof or an event. */
export function carFile(root: CidBytes | null, all: readonly CarBlock[]): Uint8Array {
  const blocks = unique(all)
  const header = carHeader(root)
  const size = blocks.reduce(
    (sum, [cid, block]) => sum + carBlockLength(block, cid.byteLength),
    header.byteLength,
  )
  const file = new Uint8Array(size)
  file.set(header)
  let offset = header.byteLength
  for (const [cid, block] of blocks) offset = writeCarBlock(file, offset, cid, block)
  return file
}

/** Blocks without repetitions, as records of equal content are one block. */
function unique(blocks: readonly CarBlock[]): readonly CarBlock[] {
  const seen = new Map<number, CarBlock[]>()
  return blocks.filter((block) => {
    const start = digestStart(block[0])
    const alike = seen.get(start)
    if (!alike) seen.set(start, [block])
    else if (alike.some(([cid]) => equalBytes(cid, block[0]))) return false
    else alike.push(block)
    return true
  })
}

/** The first bits of the hash, by which CIDs differ as a rule. */
const digestStart = (cid: CidBytes): number =>
  ((cid[4] ?? 0) << 24) | ((cid[5] ?? 0) << 16) | ((cid[6] ?? 0) << 8) | (cid[7] ?? 0)

export type CarBlock = readonly [cid: CidBytes, block: Uint8Array]

function encodeVarint(value: number): Uint8Array {
  return varint.encodeTo(value, new Uint8Array(varint.encodingLength(value)))
}
