/** The way out: whether an account has arrived elsewhere with all that it has here. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { MOST_OF_REPOSITORY, saveStream, verifyCar } from './car-file.ts'
import { MoveError } from './errors.ts'
import { identityOf, safeOrigin } from './identity.ts'
import { PAGE, pagesOf } from './pages.ts'
import { Remote, type RemoteOptions } from './remote.ts'

/** Bytes that a repository may have grown by at the new host, beside four times what it was. */
const ROOM = 256 * 1024 * 1024

export interface Leaving {
  did: string
  /** The host that the account leaves. */
  here: Remote
  /** The header `Authorization` of its operator. */
  authorization: string
  network: ResolutionSettings
  remote: RemoteOptions
}

/** What is here, and not there. */
export interface Comparison {
  records: number
  blobs: number
  missingRecords: string[]
  missingBlobs: string[]
}

/** Origin of the host that the identity names, if that is another one. @throws MoveError, RemoteError */
export async function newHostOf(leaving: Leaving): Promise<string | undefined> {
  const { here, remote } = leaving
  const origin = await addressOf(leaving)
  if (origin === here.origin) return undefined
  const describe = (one: Remote) => one.get<{ did: string }>('com.atproto.server.describeServer')
  const { did: own } = await describe(here)
  // Behind some routers a host cannot be reached from itself by its public name.
  if (own === `did:web:${encodeURIComponent(new URL(origin).host)}`) return undefined
  const there = new Remote('the new host', origin, remote)
  // One host may have several addresses.
  return (await describe(there)).did === own ? undefined : origin
}

/** Origin of the host that the identity names: by it everybody finds the account. @throws MoveError */
export async function addressOf({ did, network }: Leaving): Promise<string> {
  const { host } = await identityOf(did, network)
  if (host === undefined) throw new MoveError(`The identity of ${did} names no host any more`)
  return safeOrigin(host)
}

/** Compares every record and blob. @throws MoveError when the new host does not show the account */
export async function compareWith(leaving: Leaving, origin: string): Promise<Comparison> {
  const { did, here, authorization, remote } = leaving
  const there = new Remote('the new host', origin, remote)
  const status = await there.get<{ active: boolean }>('com.atproto.sync.getRepoStatus', { did })
  if (!status.active) throw new MoveError(`The account is not switched on at ${origin} yet`)
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-move-out-'))
  try {
    const own = join(folder, 'here.car')
    const before = await recordsOf(here, did, own, { most: MOST_OF_REPOSITORY, authorization })
    // The other host is whatever the account's owner has named.
    const most = statSync(own).size * 4 + ROOM
    const after = await recordsOf(there, did, join(folder, 'there.car'), { most })
    const missing = new Set<string>()
    for await (const cid of blobsOf(here, did, authorization)) missing.add(cid)
    const blobs = missing.size
    // What the other host lists is not kept: it may list anything.
    for await (const cid of blobsOf(there, did)) missing.delete(cid)
    return {
      records: before.size,
      blobs,
      missingRecords: [...before].flatMap(([path, cid]) => (after.get(path) === cid ? [] : [path])),
      missingBlobs: [...missing],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function recordsOf(
  host: Remote,
  did: string,
  path: string,
  { most, authorization }: { most: number; authorization?: string },
): Promise<Map<string, string>> {
  return host.again(async () => {
    const records = new Map<string, string>()
    const { bytes } = await host.open('com.atproto.sync.getRepo', {
      params: { did },
      authorization,
    })
    await saveStream(bytes, path, { most })
    const onRecord = (key: string, cid: string) => void records.set(key, cid)
    // What counts is that the records are there; who has signed them, readers verify.
    await verifyCar(path, host.name, { did, keys: undefined, onRecord })
    return records
  })
}

/** CIDs of the account's blobs, one after the other. */
async function* blobsOf(host: Remote, did: string, authorization?: string): AsyncGenerator<string> {
  const ask = (cursor: string | undefined) =>
    host.again(() =>
      host.ask<{ cids: string[]; cursor?: string }>('com.atproto.sync.listBlobs', {
        params: { did, limit: PAGE, cursor },
        authorization,
      }),
    )
  for await (const cids of pagesOf(host.name, ask, (page) => page.cids)) yield* cids
}
