import { jsonToLex } from '@atproto/lexicon'
import { cidString } from '../../kernel/cbor/cid.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import type { StoredRecord } from '../../storage/account/records.ts'

/**
 * A stored record as JSON text, as getRecord and listRecords answer it. What an address is made of needs
 * no escaping.
 *
 * @returns undefined where there is no JSON for it, as for some of what was imported
 */
export function recordJson(
  did: string,
  collection: string,
  { rkey, cid, block }: StoredRecord,
): string | undefined {
  const value = recordToJson(block)
  if (value === undefined) return undefined
  const uri = `at://${did}/${collection}/${rkey}`
  return `{"uri":"${uri}","cid":"${cidString(cid)}","value":${value}}`
}

/**
 * A stored record as a value, with objects for links, bytes and blobs.
 *
 * @returns undefined as above
 */
export function recordValue(block: Uint8Array): unknown {
  const json = recordToJson(block)
  return json === undefined ? undefined : jsonToLex(JSON.parse(json))
}
