import type { BlobIndex, BlobRow } from './blobs.ts'

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
  readonly #index: BlobIndex

  constructor(sql: SqlStorage, index: BlobIndex) {
    this.#sql = sql
    this.#index = index
  }

  /** @returns undefined: neither taken down nor uploaded */
  state(cid: string): BlobState | undefined {
    const found = this.#find(cid)
    const bytes = found ? bytesOf(found) : this.#index.find(cid)
    if (!found && !bytes) return undefined
    return {
      takedown: found?.ref ?? null,
      bytes: bytes ? { mimeType: bytes.mimeType, size: bytes.size } : null,
      deleteAt: found?.delete_at ?? null,
    }
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
    const blob = this.#index.takeOut(cid)
    this.#sql.exec(
      `INSERT INTO blob_takedown (cid, ref, key, mime_type, size, delete_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      cid,
      ref,
      blob?.key ?? null,
      blob?.mimeType ?? null,
      blob?.size ?? null,
      blob ? deleteAt : null,
    )
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
    const blob = bytesOf(before)
    if (blob) this.#index.putBack(blob)
    this.#sql.exec('DELETE FROM blob_takedown WHERE cid = ?', cid)
    return true
  }

  /** Where the bytes of a blob in quarantine are. */
  quarantined(cid: string): BlobRow | undefined {
    const found = this.#find(cid)
    return found && bytesOf(found)
  }

  /** Whether there are bytes in quarantine. */
  hasQuarantine(): boolean {
    return this.nextEnd() !== undefined
  }

  /** When the next bytes leave quarantine, in ms since the epoch. */
  nextEnd(): number | undefined {
    const [row] = this.#sql
      .exec<{ at: number }>(
        `SELECT delete_at AS at FROM blob_takedown WHERE delete_at IS NOT NULL
         ORDER BY delete_at LIMIT 1`,
      )
      .toArray()
    return row?.at
  }

  /** Ends the quarantine of blobs whose time is over: their bytes are marked for deletion. */
  endQuarantine(now: number): void {
    const over = this.#sql
      .exec<{ cid: string; key: string }>(
        'SELECT cid, key FROM blob_takedown WHERE delete_at <= ?',
        now,
      )
      .toArray()
    for (const { cid, key } of over) {
      this.#index.markForDeletion(key)
      this.#sql.exec('UPDATE blob_takedown SET key = NULL, delete_at = NULL WHERE cid = ?', cid)
    }
  }

  /** In order of CID, after `cursor`. */
  list(limit: number, cursor = ''): TakendownBlob[] {
    return this.#sql
      .exec<Row>('SELECT * FROM blob_takedown WHERE cid > ? ORDER BY cid LIMIT ?', cursor, limit)
      .toArray()
      .map((row) => {
        const blob = bytesOf(row)
        const deleteAt = row.delete_at ?? 0
        return {
          cid: row.cid,
          ref: row.ref,
          bytes: blob ? { mimeType: blob.mimeType, size: blob.size, deleteAt } : null,
        }
      })
  }

  #find(cid: string): Row | undefined {
    return this.#sql.exec<Row>('SELECT * FROM blob_takedown WHERE cid = ?', cid).toArray()[0]
  }
}

/** Undefined: the bytes are gone, or never were here. */
const bytesOf = ({ cid, key, mime_type, size }: Row): BlobRow | undefined =>
  key === null ? undefined : { cid, key, mimeType: mime_type ?? '', size: size ?? 0 }
