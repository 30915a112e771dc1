/** Reads records of accounts on this host, decoded. */
import { decode } from '@atproto/lex-cbor'
import { ipldToLex } from '@atproto/lexicon'
import type { App } from '../../app.ts'
import { cidString } from '../../kernel/cbor/cid-string.ts'
import { cborToJson } from '../../kernel/cbor/to-json.ts'
import { unpackRecords } from '../../storage/account/packed.ts'
import type { ListOptions, StoredRecord } from '../../storage/account/records.ts'
import { unwrap } from '../objects/result.ts'

/** A record with its address. `T` is the type that its lexicon gives it; it is not checked again. */
export interface RecordView<T> {
  /** `at://<did>/<collection>/<rkey>` */
  uri: string
  cid: string
  value: T
}

type UnknownRecord = Record<string, unknown>

/**
 * One page of a collection, newest first unless `reverse`. A page with fewer than `limit` records is
 * the last one; otherwise go on after the rkey of its last record.
 *
 * @throws XRPCError `RepoNotFound`, `RepoDeactivated`, `RepoTakendown`
 */
export async function listRecords<T = UnknownRecord>(
  app: App,
  did: string,
  options: ListOptions,
): Promise<RecordView<T>[]> {
  const page = unpackRecords(unwrap(await app.account(did).listRecords(options)))
  return page.map((stored) => toView<T>(did, options.collection, stored))
}

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

function toView<T>(did: string, collection: string, { rkey, cid, block }: StoredRecord) {
  const value = ipldToLex(decode(block) as never) as T
  return { uri: `at://${did}/${collection}/${rkey}`, cid: cidString(cid), value }
}
