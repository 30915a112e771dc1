/** CAR files, version 1 (repository specification, CAR File Serialization). */
import { encode } from '@atproto/lex-cbor'
import { decodeCid, ui8Concat } from '@atproto/lex-data'
import { varint } from 'multiformats'
import type { CidBytes } from '../kernel/cbor/cid.ts'

/** The start of a CAR file with one root, or none. */
export function carHeader(root: CidBytes | null): Uint8Array {
  const header = encode({ version: 1, roots: root ? [decodeCid(root)] : [] })
  return ui8Concat([encodeVarint(header.byteLength), header])
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

/** A whole CAR file in memory; for the few blocks of a proof. */
export function carFile(root: CidBytes | null, blocks: readonly CarBlock[]): Uint8Array {
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

export type CarBlock = readonly [cid: CidBytes, block: Uint8Array]

function encodeVarint(value: number): Uint8Array {
  return varint.encodeTo(value, new Uint8Array(varint.encodingLength(value)))
}
