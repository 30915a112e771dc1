/** Which blobs the records of an account refer to. */
import { LIMIT } from '../sql.ts'

export interface ListBlobsOptions {
  /** Only blobs of records written after this rev. */
  since?: string
  /** CID to continue after. */
  cursor?: string
  limit: number
}

/**
 * CIDs of blobs that records refer to, in order, after `cursor`; `since`: by newer records only. Those that were taken
 * down are among them.
 */
export function listBlobs(
  sql: SqlStorage,
  { since, cursor = '', limit }: ListBlobsOptions,
): string[] {
  const newer = since === undefined ? '' : 'JOIN record USING (path)'
  const condition = since === undefined ? '' : 'AND rev > ?3'
  return sql
    .exec<{ blob: string }>(
      `SELECT DISTINCT blob FROM record_blob ${newer} WHERE blob > ?1 ${condition}
       ORDER BY blob LIMIT ?2`,
      cursor,
      limit,
      ...(since === undefined ? [] : [since]),
    )
    .toArray()
    .map(({ blob }) => blob)
}

/** CIDs of the blobs that the record at a path refers to, at most `limit`. */
export const blobsOfRecord = (sql: SqlStorage, path: string, limit: number): string[] =>
  sql
    .exec<{ blob: string }>(
      `SELECT blob FROM record_blob WHERE path = ? ORDER BY blob ${LIMIT}`,
      path,
      limit,
    )
    .toArray()
    .map(({ blob }) => blob)

/**
 * Blobs that records refer to but that were not uploaded, in order of CID, after `cursor`; none that was taken down.
 */
export const listMissingBlobs = (
  sql: SqlStorage,
  limit: number,
  cursor = '',
): { cid: string; path: string }[] =>
  sql
    .exec<{ cid: string; path: string }>(
      `SELECT blob AS cid, min(path) AS path FROM record_blob
       WHERE blob > ? AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = record_blob.blob)
         AND NOT EXISTS (SELECT 1 FROM blob_takedown AS t WHERE t.cid = record_blob.blob)
       GROUP BY blob ORDER BY blob LIMIT ?`,
      cursor,
      limit,
    )
    .toArray()

/** How many blobs records refer to, and how many of those were uploaded, taken down since or not. */
export const countBlobs = (sql: SqlStorage): { expected: number; present: number } =>
  sql
    .exec<{ expected: number; present: number }>(
      `SELECT (SELECT count(DISTINCT blob) FROM record_blob) AS expected,
         (SELECT count(*) FROM blob WHERE expires_at IS NULL)
           + (SELECT count(*) FROM blob_takedown
              WHERE EXISTS (SELECT 1 FROM record_blob WHERE blob = blob_takedown.cid)) AS present`,
    )
    .one()
