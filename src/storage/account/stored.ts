import type { CidBytes } from '../../kernel/cbor/cid.ts'

/** A record as it is stored: its DAG-CBOR bytes and their CID. */
export interface StoredRecord {
  rkey: string
  cid: CidBytes
  block: Uint8Array
}

/** Records of one collection, and whether there may be more behind the last of them. */
export interface StoredPage {
  records: StoredRecord[]
  more: boolean
}
