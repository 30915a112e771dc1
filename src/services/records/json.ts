import { jsonToLex } from '@atproto/lexicon'
import { cidString } from '../../kernel/cbor/cid.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import type { StoredRecord } from '../../storage/account/stored.ts'

/** What getRecord and listRecords answer begins so for each record of a collection. @param name DID and NSID */
export const recordBegin = (name: string): string => `{"uri":"at://${name}/`

/**
 * A stored record as JSON text, as getRecord and listRecords answer it, from its key on. What an address is made of needs
 * no escaping.
 *
 * @returns undefined where there is no JSON for it, as for some of what was imported
 */
export function recordRest({ rkey, cid, block }: StoredRecord): string | undefined {
  const value = recordToJson(block)
  return value === undefined ? undefined : `${rkey}","cid":"${cidString(cid)}","value":${value}}`
}

/**
 * A stored record as a value, with objects for links, bytes and blobs.
 *
 * @returns undefined as above, and where there is no value for it
 */
export function recordValue(block: Uint8Array): unknown {
  const json = recordToJson(block)
  return json === undefined ? undefined : lexValue(JSON.parse(json))
}

/**
 * JSON as a value, with objects for links, bytes and blobs.
 *
 * @returns undefined where there is none: a property is called `__proto__`, a blob of the legacy form has no CID
 */
export function lexValue(json: unknown): unknown {
  try {
    return jsonToLex(json as never)
  } catch {
    return undefined
  }
}
