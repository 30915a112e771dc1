/** Backs up one account. */
import { forEachOf } from './at-once.ts'
import { type AccountFacts, accountFacts, fetchDump } from './dump.ts'
import { RefusedError } from './errors.ts'
import { type BackupFiles, cidOf, upTo } from './files.ts'
import {
  type AccountIndex,
  type BlobEntry,
  blobName,
  type CarPart,
  type ManifestAccount,
  objectName,
} from './format.ts'
import { type CarSource, RepositoryError, verifyRepository } from './repository.ts'
import type { Sealer } from './sealer.ts'
import type { BackupSource } from './source.ts'

/** Parts of a repository after which all of it is fetched again. */
const MAX_PARTS = 10

/** Attempts at a state of an account that is written to meanwhile. */
const ATTEMPTS = 4

export interface AccountBackupParts {
  host: BackupSource
  files: BackupFiles
  sealer: Sealer
  blobsAtOnce: number
  /** Bytes of rows, and of a repository, at most. */
  maxRows?: number
  maxRepository?: number
  /** Called before each blob. Whatever it throws ends this. */
  goOn?(): void
  /** Told of each blob that was fetched. */
  onBlob?(size: number): void
}

/**
 * Backs up one account, as far as it has changed since `before`.
 *
 * @returns undefined when it is not on the host any more
 * @throws RepositoryError when its repository is not whole there; RefusedError, BackupError
 */
export async function backUpAccount(
  parts: AccountBackupParts,
  did: string,
  before: AccountIndex | undefined,
): Promise<{ entry: ManifestAccount; index: AccountIndex } | undefined> {
  const { host, files, sealer, maxRows } = parts
  try {
    let dump = await fetchDump(host, { did }, maxRows)
    if (before && before.rows.digest === dump.digest && isWhole(files, before)) {
      return { entry: await addIndex(files, before), index: before }
    }
    for (let attempt = 1; ; attempt++) {
      const facts = accountFacts(dump)
      const repository = await backUpRepository(parts, facts, before)
      const missing = await backUpBlobs(parts, facts)
      // What was written meanwhile is looked at again; whoever writes without end is not waited for.
      const isSettled = repository.head === facts.head && missing.length === 0
      if (!isSettled && attempt < ATTEMPTS) {
        dump = await fetchDump(host, { did }, maxRows)
        continue
      }
      const gone = new Set(missing)
      const rows = await files.addObject([await sealer.seal(dump.text)])
      const index: AccountIndex = {
        did,
        handle: facts.handle,
        status: facts.status,
        repository,
        blobs: facts.blobs.filter(({ cid }) => !gone.has(cid)),
        missingBlobs: facts.missingBlobs + gone.size,
        rows: { ...rows, digest: dump.digest },
      }
      return { entry: await addIndex(files, index), index }
    }
  } catch (error) {
    // It was deleted meanwhile.
    if (error instanceof RefusedError && error.reason === 'RepoNotFound') return undefined
    throw error
  }
}

async function addIndex(files: BackupFiles, index: AccountIndex): Promise<ManifestAccount> {
  const { did, handle } = index
  const stored = await files.addObject([Buffer.from(`${JSON.stringify(index)}\n`)])
  return { did, handle, index: stored }
}

/** Whether all that an index names is there. */
function isWhole(files: BackupFiles, index: AccountIndex): boolean {
  const { repository, rows, blobs } = index
  return (
    [...repository.parts, rows].every(({ sha256, size }) => files.has(objectName(sha256), size)) &&
    blobs.every(({ cid, size }) => files.has(blobName(cid), size))
  )
}

/** Fetches a repository, or what came since the last backup, and verifies the whole of it. */
async function backUpRepository(
  parts: AccountBackupParts,
  facts: AccountFacts,
  before: AccountIndex | undefined,
): Promise<AccountIndex['repository']> {
  const { host, files, maxRepository } = parts
  const old = before?.repository
  const isThere = old?.parts.every(({ sha256, size }) => files.has(objectName(sha256), size))
  if (old && isThere && old.head === facts.head) return old
  const isShort = old && old.parts.length < MAX_PARTS && isWorthIt(old.parts)
  const since = old && isThere && isShort ? old.rev : null
  const params = { did: facts.did, ...(since !== null && { since }) }
  const earlier = since === null ? [] : (old?.parts ?? [])
  const room =
    (maxRepository ?? Number.POSITIVE_INFINITY) - earlier.reduce((sum, { size }) => sum + size, 0)
  const car = await host.query('com.atproto.sync.getRepo', params)
  const kept = await files.keep(upTo(car, room, 'Its records'))
  const sources: CarSource[] = [
    ...earlier.map(
      (part): CarSource =>
        () =>
          files.readObject(part),
    ),
    () => kept.bytes(),
  ]
  try {
    const { head, rev, records } = await verifyRepository(sources, facts.did, facts.signingKey)
    const added = await files.addKept(kept)
    return { head, rev, records, parts: [...earlier, { ...added, since }] }
  } catch (error) {
    await kept.discard()
    if (!(error instanceof RepositoryError)) throw error
    // What came since does not fit: the repository may have been replaced.
    if (since !== null) return backUpRepository(parts, facts, undefined)
    throw error
  }
}

/** Whether what came after the first part is less than that. */
function isWorthIt([first, ...later]: readonly CarPart[]): boolean {
  return later.reduce((sum, { size }) => sum + size, 0) <= (first?.size ?? 0)
}

/** @returns CIDs of those that the host does not have */
async function backUpBlobs(
  { host, files, blobsAtOnce, goOn, onBlob }: AccountBackupParts,
  { did, blobs }: AccountFacts,
): Promise<string[]> {
  const missing: string[] = []
  const wanted = blobs.filter(({ cid, size }) => !files.has(blobName(cid), size))
  await forEachOf(wanted, blobsAtOnce, async ({ cid, size }: BlobEntry) => {
    goOn?.()
    try {
      const kept = await files.keep(await host.query('com.atproto.sync.getBlob', { did, cid }))
      if (cidOf(kept.sha256) !== cid || kept.size !== size) {
        missing.push(cid)
        await kept.discard()
      } else await files.write(blobName(cid), kept)
      onBlob?.(size)
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== 'BlobNotFound') throw error
      missing.push(cid)
    }
  })
  return missing
}
