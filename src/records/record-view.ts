import { decode } from '@atproto/lex-cbor'
import { ipldToLex } from '@atproto/lexicon'
import type { StoredRecord } from '../storage/account/records.ts'

/** A stored record as getRecord and listRecords show it. */
export function recordView(did: string, collection: string, { rkey, cid, block }: StoredRecord) {
  return {
    uri: `at://${did}/${collection}/${rkey}`,
    cid,
    value: ipldToLex(decode(block) as never) as Record<string, unknown>,
  }
}
