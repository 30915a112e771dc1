/** Reads the records of a collection from a running host. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cidString } from '../../src/kernel/cbor/cid.ts'
import { recordToJson } from '../../src/kernel/cbor/to-json.ts'
import { blocksOf, readRepository } from '../../src/services/backup/repository.ts'
import type { HostClient } from '../backup/host-client.ts'

/** Accounts and records in one answer. */
const ACCOUNTS = 500
const RECORDS = 100

/** Accounts in one answer to the operator. */
const SEARCHED = 100

export interface FoundRecord {
  uri: string
  rkey: string
  cid: string
  /** JSON; undefined where there is none for it. */
  value: unknown
}

/** DIDs of the active accounts that hold records of a collection. */
export async function* accountsWith(host: HostClient, collection: string): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const params = { collection, limit: String(ACCOUNTS), ...(cursor !== undefined && { cursor }) }
    const page = await host.queryJson<{ repos: { did: string }[]; cursor?: string }>(
      'com.atproto.sync.listReposByCollection',
      params,
    )
    for (const { did } of page.repos) yield did
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** DIDs of the accounts that nobody but the operator may read: those that are deactivated or taken down. */
export async function* hiddenAccounts(operator: HostClient): AsyncGenerator<string> {
  for (const filter of ['deactivated', 'takendown']) {
    let cursor: string | undefined
    do {
      const page: { accounts: { did: string }[]; cursor?: string } = await operator.command(
        'accounts/search',
        { prefix: '', filter, limit: SEARCHED, cursor },
      )
      for (const { did } of page.accounts) yield did
      cursor = page.cursor
    } while (cursor !== undefined)
  }
}

/**
 * The records of an active account, the newest first, page by page. Those that have no form in JSON are not among them.
 *
 * @param after the record key behind which to begin
 */
export async function* pagesOf(
  host: HostClient,
  did: string,
  collection: string,
  after?: string,
): AsyncGenerator<FoundRecord[]> {
  let cursor = after
  do {
    const page = await host.queryJson<{
      records: { uri: string; cid: string; value: unknown }[]
      cursor?: string
    }>('com.atproto.repo.listRecords', {
      repo: did,
      collection,
      limit: String(RECORDS),
      ...(cursor !== undefined && { cursor }),
    })
    if (page.records.length === 0) return
    yield page.records.map((record) => ({
      ...record,
      rkey: record.uri.slice(record.uri.lastIndexOf('/') + 1),
    }))
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** The same of any account, as its operator, from its whole repository, which is on the disk meanwhile. */
export async function* recordsInRepository(
  operator: HostClient,
  did: string,
  collection: string,
): AsyncGenerator<FoundRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-repository-'))
  try {
    const path = join(folder, 'repository.car')
    const car = await operator.query('com.atproto.sync.getRepo', { did })
    await pipeline(Readable.from(car), createWriteStream(path, { mode: 0o600 }))
    const source = () => createReadStream(path)
    const { records } = await readRepository([source], did, undefined)
    const wanted = new Map<string, string[]>()
    for (const [place, cid] of records) {
      const [name, rkey = ''] = place.split('/')
      if (name === collection) wanted.set(cid, [...(wanted.get(cid) ?? []), rkey])
    }
    for await (const { cid, block } of wanted.size > 0 ? blocksOf(source) : []) {
      const name = cidString(cid)
      const json = wanted.has(name) ? recordToJson(block) : undefined
      yield (wanted.get(name) ?? []).map((rkey) => ({
        uri: `at://${did}/${collection}/${rkey}`,
        rkey,
        cid: name,
        value: json === undefined ? undefined : JSON.parse(json),
      }))
      wanted.delete(name)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
