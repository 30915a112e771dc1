import { type BlobRow, TEMPORARY_BLOB } from './blobs.ts'

/** A blob that was taken down. */
export interface TakendownBlob {
  cid: string
  /** Reference of the takedown. */
  ref: string
  /** Its bytes, as long as they are kept. */
  bytes: { mimeType: string; size: number; deleteAt: number } | null
}

/** What is known of a blob here. */
export interface BlobState {
  /** Reference of the takedown; null: it is not taken down. */
  takedown: string | null
  /** MIME type and size of the bytes; null: there are none, or they are gone. */
  bytes: { mimeType: string; size: number } | null
  /** When bytes in quarantine are deleted, in ms since the epoch. */
  deleteAt: number | null
}

type Row = {
  cid: string
  ref: string
  key: string | null
  mime_type: string | null
  size: number | null
  delete_at: number | null
}

/**
 * Blobs that were taken down, and the quarantine of their bytes. Such a blob is not in the table of blobs: so nothing
 * finds its key but what is here, no record comes to refer to it, and deleting records does not reach its bytes. The
 * takedown stays when the bytes are gone, so that the same bytes are not uploaded again.
 */
export class BlobTakedowns {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** @returns undefined: neither taken down nor uploaded */
  state(cid: string): BlobState | undefined {
    const found = this.#find(cid)
    if (found) {
      const { ref, mime_type, size, delete_at, key } = found
      const bytes = key === null ? null : { mimeType: mime_type ?? '', size: size ?? 0 }
      return { takedown: ref, bytes, deleteAt: delete_at }
    }
    const [blob] = this.#sql
      .exec<{ mime_type: string; size: number }>(
        'SELECT mime_type, size FROM blob WHERE cid = ?',
        cid,
      )
      .toArray()
    if (!blob) return undefined
    return { takedown: null, bytes: { mimeType: blob.mime_type, size: blob.size }, deleteAt: null }
  }

  /**
   * Takes a blob down, also one that is not here: then it will not be uploaded. To be called in a transaction.
   *
   * @param deleteAt when its bytes are to be deleted, in ms since the epoch; where it is taken down already, that stays
   * @returns false when it is taken down with this reference already
   */
  set(cid: string, ref: string, deleteAt: number): boolean {
    const before = this.#find(cid)
    if (before?.ref === ref) return false
    if (before) {
      this.#sql.exec('UPDATE blob_takedown SET ref = ? WHERE cid = ?', ref, cid)
      return true
    }
    this.#sql.exec(
      `INSERT INTO blob_takedown (cid, ref, key, mime_type, size, delete_at)
       SELECT given.cid, given.ref, key, mime_type, size, iif(key IS NULL, NULL, given.at)
       FROM (SELECT ? AS cid, ? AS ref, ? AS at) AS given LEFT JOIN blob ON blob.cid = given.cid`,
      cid,
      ref,
      deleteAt,
    )
    this.#sql.exec('DELETE FROM blob WHERE cid = ?', cid)
    return true
  }

  /**
   * Restores a blob, with its bytes if they are still there. To be called in a transaction.
   *
   * @returns false when it is not taken down
   */
  remove(cid: string): boolean {
    const before = this.#find(cid)
    if (!before) return false
    if (before.key !== null) {
      this.#sql.exec(
        `INSERT INTO blob (cid, key, mime_type, size, expires_at)
         SELECT cid, key, mime_type, size,
           iif(EXISTS (SELECT 1 FROM record_blob WHERE blob = ?1), NULL, ?2)
         FROM blob_takedown WHERE cid = ?1`,
        cid,
        Date.now() + TEMPORARY_BLOB,
      )
    }
    this.#sql.exec('DELETE FROM blob_takedown WHERE cid = ?', cid)
    return true
  }

  /** Where the bytes of a blob in quarantine are. */
  quarantined(cid: string): BlobRow | undefined {
    const found = this.#find(cid)
    if (!found || found.key === null) return undefined
    return { cid, key: found.key, mimeType: found.mime_type ?? '', size: found.size ?? 0 }
  }

  /** In order of CID, after `cursor`. */
  list(limit: number, cursor = ''): TakendownBlob[] {
    return this.#sql
      .exec<Row>('SELECT * FROM blob_takedown WHERE cid > ? ORDER BY cid LIMIT ?', cursor, limit)
      .toArray()
      .map(({ cid, ref, key, mime_type, size, delete_at }) => ({
        cid,
        ref,
        bytes:
          key === null
            ? null
            : {
                mimeType: mime_type ?? '',
                size: size ?? 0,
                deleteAt: delete_at ?? 0,
              },
      }))
  }

  #find(cid: string): Row | undefined {
    return this.#sql.exec<Row>('SELECT * FROM blob_takedown WHERE cid = ?', cid).toArray()[0]
  }
}
