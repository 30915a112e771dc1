import type { Quota } from '../../kernel/quota.ts'
import { assertWithinQuota, tooManyUploads, UPLOAD_WINDOW } from './quota.ts'

/** The one row of `blob_usage`. */
interface Counts {
  blobs: number
  bytes: number
  /** In the current window. */
  uploads: number
  uploadBytes: number
  /** When that window ends, in ms since the epoch. */
  until: number
}

type Row = {
  blobs: number
  bytes: number
  uploads: number
  upload_bytes: number
  uploads_until: number
}

/** How many blobs an account has stored and uploaded: one row, written with each change, in its transaction. */
export class BlobUsage {
  readonly #sql: SqlStorage
  #cached: Counts | undefined

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Where it was never counted it is, once, which reads a row for each blob. */
  get(now = Date.now()): Counts {
    this.#cached ??= this.#read() ?? { ...this.#count(), ...NO_UPLOADS }
    const counts = this.#cached
    return counts.until > now ? counts : { ...counts, ...NO_UPLOADS }
  }

  /**
   * Whether an upload may begin.
   *
   * @param size bytes, where they are known
   * @throws StorageError as `addUpload`
   */
  assertMayUpload(quota: Quota, size = 0): void {
    // A blob that is stored already does not grow what is: that is known only at the end.
    this.#assertUploads(this.get(), quota, size)
  }

  /**
   * Counts an upload, before its row is written.
   *
   * @param options.isNew whether it was not stored before
   * @throws StorageError `QuotaExceeded` (400), `RateLimitExceeded` (429); then nothing is counted
   */
  addUpload(size: number, { isNew, quota }: { isNew: boolean; quota?: Quota | undefined }): void {
    const now = Date.now()
    const before = this.get(now)
    const after = {
      blobs: before.blobs + (isNew ? 1 : 0),
      bytes: before.bytes + (isNew ? size : 0),
      uploads: before.uploads + 1,
      uploadBytes: before.uploadBytes + size,
      until: before.until > now ? before.until : now + UPLOAD_WINDOW,
    }
    if (quota) {
      this.#assertUploads(before, quota, size)
      assertWithinQuota(quota, { blobBytes: before.bytes }, { blobBytes: after.bytes })
    }
    this.#put(after)
  }

  /** A blob of so many bytes is about to be removed. */
  remove(size: number): void {
    this.#grow(-1, -size)
  }

  /** A blob of so many bytes that was removed is about to be there again, whatever the quota. */
  putBack(size: number): void {
    this.#grow(1, size)
  }

  /** Counts anew, and mends the row. @returns what it said, where that was wrong */
  recount(): { before: BlobCounts; after: BlobCounts } | undefined {
    const { blobs, bytes, ...uploads } = this.get()
    const after = this.#count()
    if (after.blobs === blobs && after.bytes === bytes) return undefined
    this.#put({ ...after, ...uploads })
    return { before: { blobs, bytes }, after }
  }

  clearCache(): void {
    this.#cached = undefined
  }

  #grow(more: number, moreBytes: number): void {
    const { blobs, bytes, ...uploads } = this.get()
    this.#put({ blobs: blobs + more, bytes: bytes + moreBytes, ...uploads })
  }

  #assertUploads({ uploads, uploadBytes, until }: Counts, quota: Quota, size: number): void {
    if (quota.uploads > 0 && uploads >= quota.uploads) {
      throw tooManyUploads(quota.uploads, 'blobs', until)
    }
    if (quota.uploadBytes > 0 && uploadBytes + size > quota.uploadBytes) {
      const next = until > 0 ? until : Date.now() + UPLOAD_WINDOW
      throw tooManyUploads(quota.uploadBytes, 'bytes of blobs', next)
    }
  }

  #count(): BlobCounts {
    return this.#sql
      .exec<{ blobs: number; bytes: number }>(
        'SELECT count(*) AS blobs, coalesce(sum(size), 0) AS bytes FROM blob',
      )
      .one()
  }

  #read(): Counts | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM blob_usage').toArray()[0]
    return (
      row && {
        blobs: row.blobs,
        bytes: row.bytes,
        uploads: row.uploads,
        uploadBytes: row.upload_bytes,
        until: row.uploads_until,
      }
    )
  }

  #put(counts: Counts): void {
    const { blobs, bytes, uploads, uploadBytes, until } = counts
    this.#sql.exec(
      `INSERT OR REPLACE INTO blob_usage (only_row, blobs, bytes, uploads, upload_bytes, uploads_until)
       VALUES (1, ?, ?, ?, ?, ?)`,
      blobs,
      bytes,
      uploads,
      uploadBytes,
      until,
    )
    this.#cached = counts
  }
}

type BlobCounts = Pick<Counts, 'blobs' | 'bytes'>

const NO_UPLOADS = { uploads: 0, uploadBytes: 0, until: 0 }
