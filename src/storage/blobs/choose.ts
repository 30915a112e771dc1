import { DiskBlobStore } from './disk.ts'
import { R2BlobStore } from './r2.ts'
import { type BlobStore, BlobStoreError } from './store.ts'

/** The blob store that is bound. @throws BlobStoreError when there is none */
export function blobStore(bindings: {
  BLOBS?: R2Bucket
  BLOB_DISK?: Fetcher
  DISK_SPACE?: Fetcher
}): BlobStore {
  if (bindings.BLOBS) return new R2BlobStore(bindings.BLOBS)
  if (bindings.BLOB_DISK) {
    return new DiskBlobStore(bindings.BLOB_DISK, bindings.DISK_SPACE)
  }
  throw new BlobStoreError('neither BLOBS nor BLOB_DISK is bound')
}
