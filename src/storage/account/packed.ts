/**
 * Many records in one RPC message. Each array and buffer of a message is cloned separately, which for a page
 * of records takes longer than reading them; packed, a page is three values.
 */
import { ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH } from '../../kernel/cbor/cid.ts'
import type { StoredPage } from './records.ts'

export interface PackedRecords {
  rkeys: string[]
  /** CID and block of each record, one after the other. */
  bytes: Uint8Array
  /** Where each record ends in `bytes`. */
  ends: Uint32Array
  /** Whether there may be more records behind these. */
  more: boolean
}

export function packRecords({ records, more }: StoredPage): PackedRecords {
  const ends = new Uint32Array(records.length)
  let end = 0
  for (const [index, { block }] of records.entries()) {
    end += CID_LENGTH + block.byteLength
    ends[index] = end
  }
  return {
    rkeys: records.map(({ rkey }) => rkey),
    bytes: ui8Concat(records.flatMap(({ cid, block }) => [cid, block])),
    ends,
    more,
  }
}

/** The records again, as views of the message. */
export function unpackRecords({ rkeys, bytes, ends, more }: PackedRecords): StoredPage {
  let start = 0
  const records = rkeys.map((rkey, index) => {
    const blockAt = start + CID_LENGTH
    const end = ends[index] ?? blockAt
    const record = {
      rkey,
      cid: bytes.subarray(start, blockAt),
      block: bytes.subarray(blockAt, end),
    }
    start = end
    return record
  })
  return { records, more }
}
