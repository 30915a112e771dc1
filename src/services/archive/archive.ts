/**
 * Everything that this host has of an account, as one ZIP file (APPNOTE 6.3, stored, with data descriptors). It is made
 * while it is sent: of any size, a few chunks are in memory. The list of its contents comes last, so that a file that
 * was cut off is opened by nothing.
 */
import { getExtension } from 'hono/utils/mime'
import { appMigrations } from '../../kernel/app-tables.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import type { PlcDirectory } from '../identity/plc.ts'
import type { AccountClient, HostObjects } from '../objects/stubs.ts'
import { accountFacts, identityFacts } from './facts.ts'
import { readme } from './readme.ts'

/** Blobs looked up at once. */
const PAGE = 500

/** Bytes of one blob after which it is looked whether the archive is still wanted. */
const LOOK_AFTER = 8 * 1024 * 1024

/** Blobs in one archive: a ZIP file counts to 65,535 without extensions that few programs read. */
export const MAX_BLOBS = 60_000

export interface ArchiveDependencies {
  readonly config: Pick<Config, 'hostname' | 'publicUrl'>
  readonly objects: Pick<HostObjects, 'directory' | 'oauth' | 'appTables'>
  readonly plc: PlcDirectory
  /** A new one for each use, since it belongs to the request that it works for. */
  store(): BlobStore
  readonly log: { error(message: string, error: unknown): void }
}

export interface ArchiveRequest {
  did: string
  /** The account's object, asked by whoever wants the archive: should they be signed out, it ends. */
  account: AccountClient
  /** From 1: further parts hold the blobs that found no room in those before. */
  part: number
}

interface Entry {
  name: string
  input: string | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>
  lastModified: Date
}

/** The bytes under a blob's key are not what was uploaded. */
export class DamagedBlobError extends Error {
  override name = 'DamagedBlobError'
}

export class Archives {
  readonly #dependencies: ArchiveDependencies

  constructor(dependencies: ArchiveDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Begins an archive; one that is on its way for the same account is cut off.
   *
   * @returns a stream that fails, and so ends in the middle of the file, when something goes wrong with it
   * @throws XRPCError `RepoNotFound`, `AuthenticationRequired`
   */
  async stream(request: ArchiveRequest): Promise<ReadableStream<Uint8Array>> {
    const id = await request.account.archives.begin()
    const { makeZip } = await import('client-zip')
    return makeZip(this.#entries(request, id), { buffersAreUTF8: true })
  }

  async *#entries(request: ArchiveRequest, id: string): AsyncGenerator<Entry> {
    const { config, log } = this.#dependencies
    const lastModified = new Date()
    const text = (name: string, input: string): Entry => ({ name, input, lastModified })
    const json = (name: string, value: unknown) => text(name, `${JSON.stringify(value, null, 2)}\n`)
    const { did, account, part } = request
    try {
      yield text('README.txt', readme(config.hostname, did, part))
      if (part === 1) {
        const car = await account.repository.exportCar(undefined, true)
        yield { name: 'repository.car', input: car, lastModified }
        const stored = await account.preferences.get(true)
        const preferences = stored.map(({ value }) => JSON.parse(value) as unknown)
        yield json('preferences.json', { preferences })
        yield json('account.json', await accountFacts(this.#dependencies, did, account))
        // None of an app that never had tables.
        if (appMigrations('account').length > 0) {
          const rows = await this.#dependencies.objects.appTables(did).backup.dump()
          yield { name: 'app.jsonl', input: rows, lastModified }
        }
        yield json('identity.json', await identityFacts(this.#dependencies, did, account))
      }
      const counts = { blobs: 0, bytes: 0 }
      const missing: string[] = []
      for await (const blob of blobsOf(account, part)) {
        await account.archives.assertCurrent(id)
        const bytes = await this.#dependencies.store().get(blob.key)
        if (!bytes) {
          missing.push(blob.cid)
          continue
        }
        const input = checked(bytes, blob, () => account.archives.assertCurrent(id))
        yield { name: `blobs/${blob.cid}${extensionOf(blob)}`, input, lastModified }
        counts.blobs++
        counts.bytes += blob.size
      }
      yield json('complete.json', { ...counts, missing })
    } catch (error) {
      log.error('an archive was cut off', error)
      throw error
    }
  }
}

/** The blobs of one part, in order of CID. */
async function* blobsOf(account: AccountClient, part: number): AsyncGenerator<BlobRow> {
  let skip = (part - 1) * MAX_BLOBS
  let left = MAX_BLOBS
  let cursor: string | undefined
  while (left > 0) {
    const page = await account.blobs.uploads(Math.min(PAGE, skip > 0 ? skip : left), cursor)
    if (page.length === 0) return
    cursor = page.at(-1)?.cid
    if (skip > 0) {
      skip -= page.length
      continue
    }
    left -= page.length
    yield* page
  }
}

/** The bytes of a blob, which are as many as were uploaded. @throws DamagedBlobError; what `look` throws */
async function* checked(
  bytes: ReadableStream<Uint8Array>,
  { cid, size }: BlobRow,
  look: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let read = 0
  let lookAt = LOOK_AFTER
  for await (const chunk of bytes) {
    read += chunk.byteLength
    if (read >= lookAt) {
      await look()
      lookAt += LOOK_AFTER
    }
    yield chunk
  }
  if (read !== size) throw new DamagedBlobError(`${cid} has ${read} bytes in place of ${size}`)
}

/** With a dot; empty where nothing is known. */
function extensionOf({ mimeType }: BlobRow): string {
  const extension = getExtension(mimeType)
  return extension === undefined ? '' : `.${extension}`
}
