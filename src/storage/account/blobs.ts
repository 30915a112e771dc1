import { StorageError } from '../error.ts'
import type { BlobReference } from './repo.ts'

/** What is known of one uploaded blob; its bytes are in the blob store under `key`. */
export interface BlobRow {
  cid: string
  key: string
  mimeType: string
  /** Bytes. */
  size: number
  /** Whether a record refers to it. Until then it is temporary and not served. */
  referenced: boolean
}

type Row = { cid: string; key: string; mime_type: string; size: number; referenced: number }

/** Which blobs an account has uploaded and which records refer to them. */
export class BlobIndex {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get(cid: string): BlobRow | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM blob WHERE cid = ?', cid).toArray()[0]
    return (
      row && {
        cid: row.cid,
        key: row.key,
        mimeType: row.mime_type,
        size: row.size,
        referenced: row.referenced === 1,
      }
    )
  }

  /**
   * Notes an upload. A blob that is there already keeps its bytes: the key to delete from the blob
   * store is returned, which is the new one then, and undefined otherwise.
   */
  add(blob: Omit<BlobRow, 'referenced'>): string | undefined {
    const existing = this.get(blob.cid)
    if (existing) {
      // A second upload of a temporary blob starts its time anew and may correct its type.
      if (!existing.referenced) {
        this.#sql.exec(
          'UPDATE blob SET mime_type = ?, created_at = ? WHERE cid = ?',
          blob.mimeType,
          Date.now(),
          blob.cid,
        )
      }
      return blob.key
    }
    this.#sql.exec(
      'INSERT INTO blob (cid, key, mime_type, size, created_at) VALUES (?, ?, ?, ?, ?)',
      blob.cid,
      blob.key,
      blob.mimeType,
      blob.size,
      Date.now(),
    )
    return undefined
  }

  /**
   * Checks what a record says of its blobs against what was uploaded.
   *
   * @throws StorageError `BlobNotFound`, `InvalidMimeType`, `InvalidSize`
   */
  check(references: readonly BlobReference[]): void {
    for (const { cid, mimeType, size } of references) {
      const blob = this.get(cid)
      if (!blob) throw new StorageError('BlobNotFound', `Could not find blob: ${cid}`)
      if (blob.referenced) continue
      if (blob.mimeType !== mimeType) {
        throw new StorageError(
          'InvalidMimeType',
          `Referenced mime type does not match stored blob. Expected: ${blob.mimeType}, got: ${mimeType}`,
        )
      }
      if (blob.size !== size) {
        throw new StorageError(
          'InvalidSize',
          `Referenced size does not match stored blob. Expected: ${blob.size}, got: ${size}`,
        )
      }
    }
  }

  /** Makes `references` the blobs that the record at `path` refers to. */
  setReferences(path: string, references: readonly BlobReference[]): void {
    this.#sql.exec('DELETE FROM record_blob WHERE path = ?', path)
    for (const { cid } of references) {
      this.#sql.exec('INSERT OR IGNORE INTO record_blob (path, blob) VALUES (?, ?)', path, cid)
      this.#sql.exec('UPDATE blob SET referenced = 1 WHERE cid = ? AND referenced = 0', cid)
    }
  }
}
