/**
 * Many records in one RPC message. Each array and buffer of a message is cloned separately, which for a page
 * of records takes longer than reading them; packed, a page is three values.
 */
import { ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH } from '../../kernel/cbor/cid.ts'
import type { StoredPage } from './stored.ts'

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

/** The records again, as views of the message. */
export function unpackRecords({ rkeys, lengths, bytes, more }: PackedRecords): StoredPage {
  if (lengths === '') return { records: [], more }
  const sizes = lengths.split(',')
  let start = 0
  const records = rkeys.split('/').map((rkey, index) => {
    const blockAt = start + CID_LENGTH
    const end = blockAt + Number(sizes[index])
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
