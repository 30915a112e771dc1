/** A part of a blob, in bytes. It lies within the blob and is not empty. */
export interface ByteRange {
  offset: number
  length: number
}

/** The bytes of a blob, all of them or as they come. */
export type BlobBody = Uint8Array | ReadableStream<Uint8Array>

/** Where the bytes of blobs are kept: R2 on Cloudflare, files on plain workerd. */
export interface BlobStore {
  /**
   * Stores bytes or a stream of them under `key`, whole or not at all. `size` in bytes, where it is known: then a
   * stream is the readable side of a `FixedLengthStream`. `meanwhile` is called while the store works by itself; what it
   * throws is thrown when the bytes are stored.
   */
  put(
    key: string,
    body: BlobBody,
    size: number | undefined,
    meanwhile?: () => Promise<unknown>,
  ): Promise<void>
  /** The bytes, or those in `range`; undefined when there are none under `key`. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>
  /** Removes the bytes; it is no error when there are none. */
  delete(key: string): Promise<void>
  /** Removes all that is in a folder: keys are `<folder>/<name>`. It is no error when there is nothing. */
  deleteFolder(folder: string): Promise<void>
}

/** The folder of an account's blobs. */
export const blobFolder = (did: string): string => encodeURIComponent(did).replaceAll('%', '_')

/** The blob store failed or does not hold what it should. */
export class BlobStoreError extends Error {
  override name = 'BlobStoreError'
}
