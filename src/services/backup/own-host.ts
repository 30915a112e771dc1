/** The host itself, as the Worker that is it sees it: what the routes of `src/web/operator/backup.ts` answer, without HTTP. */
import { XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { keyFingerprint } from '../../kernel/crypto/key-fingerprint.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { RefusedError } from './errors.ts'
import { accountRows } from './rows.ts'
import type { BackupSource } from './source.ts'

/** Accounts in one answer. */
const PAGE = 500

export interface OwnHostParts {
  config: Pick<Config, 'hostname' | 'publicUrl' | 'keySecret'>
  objects: HostObjects
  blobs: BlobStore
  /** Called before each request to an object or to the blob store. */
  spend(): void
}

export class OwnHost implements BackupSource {
  readonly #parts: OwnHostParts
  constructor(parts: OwnHostParts) {
    this.#parts = parts
  }

  async command<T>(path: string, body: { after?: string } = {}): Promise<T> {
    const { config, objects, spend } = this.#parts
    if (path === 'backup/begin') {
      const { hostname, publicUrl, keySecret } = config
      return { hostname, publicUrl, keyFingerprint: keyFingerprint(keySecret) } as T
    }
    if (path !== 'backup/accounts') throw unknown(path)
    spend()
    const { accounts } = objects.directory
    const found = await refusing(() => accounts.list(PAGE, body.after))
    return { accounts: found.map(({ did, handle }) => ({ did, handle })) } as T
  }

  async commandStream(
    path: string,
    { did, object }: { did?: string; object?: string },
  ): Promise<AsyncIterable<Uint8Array>> {
    const { objects, spend } = this.#parts
    spend()
    if (path === 'backup/account' && did !== undefined) {
      return reading(() => accountRows(objects, did))
    }
    if (path === 'backup/object') {
      if (object === 'directory') return reading(() => objects.directory.backup.dump())
      if (object === 'oauth') return reading(() => objects.oauth.backup.dump())
      if (object === 'sequencer') return reading(() => objects.sequencer.dump())
      if (object === 'app') return reading(() => objects.appTables(undefined).backup.dump())
    }
    throw unknown(`${path} ${object}`)
  }

  async query(
    nsid: string,
    { did = '', cid = '', since }: Record<string, string>,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { objects, blobs, spend } = this.#parts
    spend()
    if (nsid === 'com.atproto.sync.getRepo') {
      return reading(() => objects.account(did).repository.exportCar(since, true))
    }
    if (nsid !== 'com.atproto.sync.getBlob') throw unknown(nsid)
    const { key } = await refusing(() => objects.account(did).blobs.get(cid, true))
    spend()
    const bytes = await blobs.get(key)
    if (!bytes) throw new RefusedError(400, 'BlobNotFound', `There are no bytes of ${cid}`)
    return bytes
  }
}

const unknown = (what: string) => new TypeError(`a backup asks for ${what}`)

/** An account that cannot be read is to be named, and not to keep the others from being backed up. */
function asRefused(error: unknown): unknown {
  if (error instanceof XRPCError) {
    const { error: reason = 'InternalServerError' } = error.payload
    return new RefusedError(error.type, reason, error.message)
  }
  // Thrown by the object's code, in contrast to what the platform throws when it is not reached.
  if (error instanceof Error && 'remote' in error && error.remote === true) {
    return new RefusedError(500, 'InternalServerError', error.message)
  }
  return error
}

async function refusing<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw asRefused(error)
  }
}

async function reading(
  ask: () => Promise<ReadableStream<Uint8Array>>,
): Promise<AsyncIterable<Uint8Array>> {
  const stream = await refusing(ask)
  return chunksOf(stream)
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    throw asRefused(error)
  }
}
