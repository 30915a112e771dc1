import { jsonToLex } from '@atproto/lexicon'
import { cidString } from '../../kernel/cbor/cid.ts'
import { PageJson } from '../../kernel/cbor/page-json.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import { eachPacked, type PackedRecords } from '../../storage/account/packed.ts'
import type { StoredRecord } from '../../storage/account/stored.ts'

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
  const value = new PageJson(block).record(0, block.byteLength) ?? recordToJson(block)
  if (value === undefined) return undefined
  const uri = `at://${did}/${collection}/${rkey}`
  return `{"uri":"${uri}","cid":"${cidString(cid)}","value":${value}}`
}

/**
 * The same of each record of a page; those that have no JSON form are left out.
 *
 * @returns also the key of the last of all; undefined: there is none
 */
export function pageJson(
  did: string,
  collection: string,
  packed: PackedRecords,
): { records: string; last: string | undefined } {
  const { bytes } = packed
  const page = new PageJson(bytes)
  let records = ''
  let last: string | undefined
  eachPacked(packed, (rkey, cidAt, blockAt, end) => {
    last = rkey
    const value = page.record(blockAt, end) ?? recordToJson(bytes.subarray(blockAt, end))
    if (value === undefined) return
    const cid = cidString(bytes.subarray(cidAt, blockAt))
    const json = `{"uri":"at://${did}/${collection}/${rkey}","cid":"${cid}","value":${value}}`
    records += records === '' ? json : `,${json}`
  })
  return { records, last }
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
