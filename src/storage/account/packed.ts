/**
 * Many records in one RPC message. Each array and buffer of a message is cloned separately, which for a page
 * of records takes longer than reading them; packed, a page is three values.
 */
import { ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH } from '../../kernel/cbor/cid.ts'
import type { StoredPage, StoredRecord } from './stored.ts'

export interface PackedRecords {
  /** With a `/` between them, which none has. */
  rkeys: string
  /** Bytes of each block, with commas between. */
  lengths: string
  /** CID and block of each record, one after the other. */
  bytes: Uint8Array
  /** Whether there may be more records behind these. */
  more: boolean
}

export const packRecords = ({ records, more }: StoredPage): PackedRecords => ({
  rkeys: records.map(({ rkey }) => rkey).join('/'),
  lengths: records.map(({ block }) => block.byteLength).join(','),
  bytes: ui8Concat(records.flatMap(({ cid, block }) => [cid, block])),
  more,
})

/** Calls `each` with every record, and where CID and block are in `bytes`. */
export function eachPacked(
  { rkeys, lengths }: PackedRecords,
  each: (rkey: string, cidAt: number, blockAt: number, end: number) => void,
): void {
  if (lengths === '') return
  const sizes = lengths.split(',')
  let start = 0
  for (const [index, rkey] of rkeys.split('/').entries()) {
    const blockAt = start + CID_LENGTH
    const end = blockAt + Number(sizes[index])
    each(rkey, start, blockAt, end)
    start = end
  }
}

/** The records again, as views of the message. */
export function unpackRecords(packed: PackedRecords): StoredPage {
  const { bytes, more } = packed
  const records: StoredRecord[] = []
  eachPacked(packed, (rkey, cidAt, blockAt, end) => {
    records.push({ rkey, cid: bytes.subarray(cidAt, blockAt), block: bytes.subarray(blockAt, end) })
  })
  return { records, more }
}
