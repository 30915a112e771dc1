import { cidString } from '../../kernel/cbor/cid.ts'
import { cborToJson } from '../../kernel/cbor/to-json.ts'
import type { StoredRecord } from '../../storage/account/records.ts'

/**
 * A stored record as JSON text, as getRecord and listRecords answer it. What an address is made of needs
 * no escaping.
 */
export function recordJson(
  did: string,
  collection: string,
  { rkey, cid, block }: StoredRecord,
): string {
  const uri = `at://${did}/${collection}/${rkey}`
  return `{"uri":"${uri}","cid":"${cidString(cid)}","value":${cborToJson(block)}}`
}
