import type { Quota } from '../../kernel/quota.ts'
import { StorageError } from '../error.ts'
import { insertRows } from '../sql.ts'
import {
  blobsOfRecord,
  countBlobs,
  type ListBlobsOptions,
  listBlobs,
  listMissingBlobs,
} from './blob-lists.ts'
import { BlobUsage } from './blob-usage.ts'
import type { BlobReference } from './writes.ts'

export type { ListBlobsOptions }

/** An uploaded blob; its bytes are in the blob store under `key`. */
export interface BlobRow {
  cid: string
  key: string
  mimeType: string
  /** Bytes. */
  size: number
}

/** Lifetime of an upload that no record refers to, in ms. */
const TEMPORARY = 6 * 60 * 60 * 1000

type Row = {
  cid: string
  key: string
  mime_type: string
  size: number
  expires_at: number | null
}

/**
 * Which blobs an account has uploaded and which records refer to them. A blob is temporary, with a time
 * at which it expires, until a record refers to it.
 */
export class BlobIndex {
  readonly usage: BlobUsage
  readonly #sql: SqlStorage
  /** Whether there may be keys to delete; saves a query after each write. */
  #hasKeysToDelete = true

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.usage = new BlobUsage(sql)
  }

  /** Drops what is kept in memory, after a rollback or a change of the tables by other means. */
  clearCache(): void {
    this.usage.clearCache()
  }

  /** Whether there may be keys to delete; false only after `keysToDelete` has found none. */
  get hasKeysToDelete(): boolean {
    return this.#hasKeysToDelete
  }

  /** A blob that a record refers to. */
  getPermanent(cid: string): BlobRow | undefined {
    const row = this.#find(cid)
    return row && row.expires_at === null ? toBlob(row) : undefined
  }

  /**
   * Records an upload. Where the blob was uploaded before, its bytes are stored already, and the key of the
   * new upload is marked for deletion. Its type stays as well: records may name it.
   *
   * @param quota what the account may store; to be called in a transaction
   * @returns the blob as it is kept
   * @throws StorageError `InvalidRequest` when it was taken down; `QuotaExceeded`, `RateLimitExceeded`
   */
  add(blob: BlobRow, quota?: Quota): BlobRow {
    if (this.#isTakendown(blob.cid)) {
      throw new StorageError('InvalidRequest', 'Blob has been takendown, cannot re-upload')
    }
    const known = this.#find(blob.cid)
    this.usage.addUpload(blob.size, { isNew: !known, quota })
    const kept = known ? toBlob(known) : blob
    if (kept.key !== blob.key) this.markForDeletion(blob.key)
    if (known?.expires_at !== null) this.#put(kept)
    return kept
  }

  /** Takes a blob in again that was taken out, temporary unless a record refers to it. */
  putBack(blob: BlobRow): void {
    this.usage.putBack(blob.size)
    this.#put(blob)
  }

  /** Takes a blob out of the index; its bytes stay, and the caller sees to them. */
  takeOut(cid: string): BlobRow | undefined {
    const row = this.#find(cid)
    if (!row) return undefined
    this.usage.remove(row.size)
    this.#sql.exec('DELETE FROM blob WHERE cid = ?', cid)
    return toBlob(row)
  }

  /** An upload, temporary or not. */
  find(cid: string): BlobRow | undefined {
    const row = this.#find(cid)
    return row && toBlob(row)
  }

  /**
   * Checks the blob references of a record against the uploads.
   *
   * @throws StorageError `BlobNotFound`, `InvalidMimeType`, `InvalidSize`
   */
  check(references: readonly BlobReference[]): void {
    for (const { cid, mimeType, size } of references) {
      const blob = this.#find(cid)
      if (!blob) throw new StorageError('BlobNotFound', `Could not find blob: ${cid}`)
      if (blob.expires_at === null) continue
      if (blob.mime_type !== mimeType) {
        throw new StorageError(
          'InvalidMimeType',
          `Referenced MIME type does not match stored blob: expected ${blob.mime_type}, got ${mimeType}`,
        )
      }
      if (blob.size !== size) {
        throw new StorageError(
          'InvalidSize',
          `Referenced size does not match stored blob: expected ${blob.size}, got ${size}`,
        )
      }
    }
  }

  /**
   * Sets which blobs the records at some paths refer to, and removes the blobs that no record refers to any more. All
   * paths of a batch at once: one record may take over the blob of another.
   */
  setReferences(references: ReadonlyMap<string, readonly BlobReference[]>): void {
    const released = new Set<string>()
    const rows: [string, string][] = []
    for (const [path, blobs] of references) {
      const before = this.#sql
        .exec<{ blob: string }>('SELECT blob FROM record_blob WHERE path = ?', path)
        .toArray()
      if (before.length > 0) this.#sql.exec('DELETE FROM record_blob WHERE path = ?', path)
      for (const { blob } of before) released.add(blob)
      for (const cid of new Set(blobs.map(({ cid }) => cid))) rows.push([path, cid])
    }
    insertRows(this.#sql, 'INSERT INTO record_blob (path, blob)', rows)
    for (const cid of new Set(rows.map(([, cid]) => cid))) {
      released.delete(cid)
      this.#sql.exec(
        'UPDATE blob SET expires_at = NULL WHERE cid = ? AND expires_at IS NOT NULL',
        cid,
      )
    }
    for (const cid of released) if (!this.#isReferenced(cid)) this.#remove(cid)
  }

  /** Updates the expiry of all blobs, after all references have changed at once. */
  review(): void {
    this.#sql.exec('UPDATE blob SET expires_at = NULL WHERE cid IN (SELECT blob FROM record_blob)')
    this.#sql.exec(
      `UPDATE blob SET expires_at = ?
       WHERE expires_at IS NULL AND cid NOT IN (SELECT blob FROM record_blob)`,
      Date.now() + TEMPORARY,
    )
  }

  /** See `listBlobs`. */
  list(options: ListBlobsOptions): string[] {
    return listBlobs(this.#sql, options)
  }

  /** All uploads in order of CID, after `cursor`; reads a row for each. */
  page(limit: number, cursor = ''): BlobRow[] {
    return this.#sql
      .exec<Row>('SELECT * FROM blob WHERE cid > ? ORDER BY cid LIMIT ?', cursor, limit)
      .toArray()
      .map(toBlob)
  }

  /** See `listMissingBlobs`. */
  listMissing(limit: number, cursor?: string): { cid: string; path: string }[] {
    return listMissingBlobs(this.#sql, limit, cursor)
  }

  /** See `blobsOfRecord`. */
  blobsOf(path: string, limit: number): string[] {
    return blobsOfRecord(this.#sql, path, limit)
  }

  /** Marks the keys of all blobs for deletion, but not of those in quarantine; the caller empties the index. */
  markAllForDeletion(): void {
    this.#hasKeysToDelete = true
    this.#sql.exec('INSERT OR IGNORE INTO blob_to_delete (key) SELECT key FROM blob')
  }

  /** See `countBlobs`. */
  counts(): { expected: number; present: number } {
    return countBlobs(this.#sql)
  }

  /** Removes temporary blobs that have expired. */
  expire(now: number): void {
    const expired = this.#sql
      .exec<{ cid: string }>('SELECT cid FROM blob WHERE expires_at <= ?', now)
      .toArray()
    for (const { cid } of expired) this.#remove(cid)
  }

  /** When the next temporary blob expires, in ms since the epoch. */
  nextExpiry(): number | undefined {
    return (
      this.#sql
        .exec<{ at: number | null }>(
          'SELECT min(expires_at) AS at FROM blob WHERE expires_at IS NOT NULL',
        )
        .one().at ?? undefined
    )
  }

  /** Keys in the blob store whose bytes are to be deleted, at most `limit`. */
  keysToDelete(limit: number): string[] {
    const keys = this.#sql
      .exec<{ key: string }>('SELECT key FROM blob_to_delete LIMIT ?', limit)
      .toArray()
      .map(({ key }) => key)
    if (keys.length === 0) this.#hasKeysToDelete = false
    return keys
  }

  /** Marks a key in the blob store whose bytes nobody needs any more. */
  markForDeletion(key: string): void {
    this.#hasKeysToDelete = true
    this.#sql.exec('INSERT OR IGNORE INTO blob_to_delete (key) VALUES (?)', key)
  }

  /** To be called after the bytes under `key` were deleted. */
  confirmDeleted(key: string): void {
    this.#sql.exec('DELETE FROM blob_to_delete WHERE key = ?', key)
  }

  #find(cid: string): Row | undefined {
    return this.#sql.exec<Row>('SELECT * FROM blob WHERE cid = ?', cid).toArray()[0]
  }

  #put({ cid, key, mimeType, size }: BlobRow): void {
    // Imported records may refer to a blob before it is uploaded.
    const expiresAt = this.#isReferenced(cid) ? null : Date.now() + TEMPORARY
    this.#sql.exec(
      'INSERT OR REPLACE INTO blob (cid, key, mime_type, size, expires_at) VALUES (?, ?, ?, ?, ?)',
      cid,
      key,
      mimeType,
      size,
      expiresAt,
    )
  }

  #isTakendown(cid: string): boolean {
    return this.#sql.exec('SELECT 1 FROM blob_takedown WHERE cid = ?', cid).toArray().length > 0
  }

  #isReferenced(cid: string): boolean {
    return (
      this.#sql.exec('SELECT 1 FROM record_blob WHERE blob = ? LIMIT 1', cid).toArray().length > 0
    )
  }

  #remove(cid: string): void {
    const blob = this.takeOut(cid)
    if (blob) this.markForDeletion(blob.key)
  }
}

const toBlob = ({ cid, key, mime_type, size }: Row): BlobRow => ({
  cid,
  key,
  mimeType: mime_type,
  size,
})
