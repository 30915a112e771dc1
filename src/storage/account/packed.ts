/**
 * Many records in one RPC message. Each array and buffer of a message is cloned separately, which for a page
 * of records takes longer than reading them; packed, a page is three values, all of them texts: on plain workerd a buffer that
 * came with a message stays in memory until V8 collects all generations, thousands of requests later, a text until the next
 * young one.
 */
import { ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH } from '../../kernel/cbor/cid.ts'
import type { StoredPage } from './stored.ts'

export interface PackedRecords {
  /** With a `/` between them, which none has. */
  rkeys: string
  /** Bytes of each block, with commas between. */
  lengths: string
  /** CID and block of each record, one after the other: a character for each byte (Latin-1). */
  bytes: string
  /** Whether there may be more records behind these. */
  more: boolean
}

export const packRecords = ({ records, more }: StoredPage): PackedRecords => ({
  rkeys: records.map(({ rkey }) => rkey).join('/'),
  lengths: records.map(({ block }) => block.byteLength).join(','),
  bytes: latin1(ui8Concat(records.flatMap(({ cid, block }) => [cid, block]))),
  more,
})

/** Bytes as a text of as many characters. */
export const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')

/** The records again, as views of one buffer. */
export function unpackRecords(page: PackedRecords): StoredPage {
  const { rkeys, lengths, more } = page
  if (lengths === '') return { records: [], more }
  const { buffer, byteOffset, byteLength } = Buffer.from(page.bytes, 'latin1')
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
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
