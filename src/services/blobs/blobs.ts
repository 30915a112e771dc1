import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { Holder } from '../../contracts/answer.ts'
import type { Config } from '../../kernel/config/config.ts'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { BlobStore, ByteRange } from '../../storage/blobs/store.ts'
import type { DiskSpace } from '../objects/disk-space.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { BlobCache } from './cache.ts'
import { serveBlob } from './serve.ts'
import { tryStore } from './try-store.ts'
import { storeBlob, type UploadOptions } from './upload.ts'

export interface BlobDependencies {
  readonly config: Pick<Config, 'blobUploadLimit' | 'imageLocation'>
  readonly objects: Pick<HostObjects, 'account'>
  readonly space: Pick<DiskSpace, 'assertRoom'>
  /** The store of the host; a new one for each use, since it belongs to the request that it works for. */
  store(): BlobStore
  /** Where the platform has one. */
  cache?: BlobCache | undefined
  /** Whether the request is limited in what it may do how often. */
  isLimited(): boolean
  /** Keeps the isolate working after the answer was sent. */
  waitUntil(work: Promise<unknown>): void
}

/** What is said of an upload. */
type UploadRequest = Omit<UploadOptions, 'limit' | 'location'> & {
  /** Who is signed in for it: must still be when it begins, and may not have been signed out when it is noted. */
  holder?: Holder
}

/** Bytes of blobs, in and out. */
export class BlobService {
  readonly #dependencies: BlobDependencies

  constructor(dependencies: BlobDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Stores an uploaded blob, which is temporary until a record refers to it.
   *
   * @param body the bytes
   * @param declaredType MIME type that the client claims
   * @param size bytes to expect, where the client says
   * @param assertMayStore throws if the caller may not store the type that the content shows
   * @throws XRPCError 413 `PayloadTooLarge`; as `storeBlob`; as `BlobsRpc.add`; `RepoNotFound`; InsufficientStorageError
   */
  async upload(
    did: string,
    body: ReadableStream<Uint8Array>,
    { declaredType, size, assertMayStore, holder }: UploadRequest,
  ): Promise<BlobRow> {
    const { config, waitUntil } = this.#dependencies
    const { blobUploadLimit: limit } = config
    if (size !== undefined && size > limit) {
      throw new XRPCError(413, `Blob is too large: at most ${limit} bytes`, 'PayloadTooLarge')
    }
    const [{ isOff, signOuts }] = await Promise.all([
      this.#dependencies.objects
        .account(did, holder)
        .blobs.assertMayUpload(size, this.#dependencies.isLimited()),
      this.#dependencies.space.assertRoom(),
    ])
    // Published elsewhere already; with other bytes it would have another CID than the records say.
    const location = isOff ? 'allow' : config.imageLocation
    const options = { declaredType, size, limit, assertMayStore, location }
    const uploading = this.#store(did, body, options, holder && signOuts)
    // When the client hangs up, a Worker is stopped: but not before it has cleaned up, or noted what
    // is stored already.
    waitUntil(uploading.catch(() => undefined))
    return uploading
  }

  /** Whether the store works, for the operator. @throws as `tryStore` */
  tryStore(): Promise<void> {
    return tryStore(this.#dependencies.store())
  }

  /**
   * Puts a blob of a backup back, as it was.
   *
   * @throws InvalidRequestError when the bytes are others; InsufficientStorageError; as `AccountRestoreRpc.addBlob`
   */
  async restore(
    did: string,
    { cid, mimeType, size }: Pick<BlobRow, 'cid' | 'mimeType' | 'size'>,
    body: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const { objects, store: openStore, space, waitUntil } = this.#dependencies
    await space.assertRoom()
    const store = openStore()
    const options: UploadOptions = { declaredType: mimeType, size, limit: size, location: 'allow' }
    const storing = storeBlob(store, did, body, options)
    waitUntil(storing.catch(() => undefined))
    const stored = await storing
    try {
      if (stored.cid !== cid) throw new InvalidRequestError(`The bytes are not those of ${cid}`)
      await objects.account(did).restore.addBlob({ ...stored, mimeType })
    } catch (error) {
      if (error instanceof XRPCError) await store.delete(stored.key)
      throw error
    }
  }

  /**
   * Answers a request for a blob.
   *
   * @param mayReadPrivate whether the caller is the owner or the operator
   * @returns undefined when the store does not have the bytes
   * @throws XRPCError `BlobNotFound`, `RepoNotFound`, `RepoTakendown`, `RepoDeactivated`
   */
  async serve(
    did: string,
    cid: string,
    request: Request,
    mayReadPrivate: boolean,
  ): Promise<Response | undefined> {
    const { objects, store: openStore, cache } = this.#dependencies
    // Asked each time, whatever is in the cache: it may be deleted, taken down or deactivated.
    const blob = await objects.account(did).blobs.get(cid, mayReadPrivate)
    const store = openStore()
    const read = (range?: ByteRange) =>
      cache ? cache.read(store, blob, range) : store.get(blob.key, range)
    return serveBlob({ blob, isPrivate: mayReadPrivate, read }, request)
  }

  async #store(
    did: string,
    body: ReadableStream<Uint8Array>,
    options: UploadOptions,
    signOuts: number | undefined,
  ): Promise<BlobRow> {
    const { objects, store: openStore } = this.#dependencies
    const store = openStore()
    const blob = await storeBlob(store, did, body, options)
    try {
      return await objects.account(did).blobs.add(blob, signOuts, this.#dependencies.isLimited())
    } catch (error) {
      // Refused: an answer that never came may have been a yes.
      if (error instanceof XRPCError) await store.delete(blob.key)
      throw error
    }
  }
}
