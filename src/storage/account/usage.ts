/** How much is stored for one account. */
export interface Usage {
  records: number
  blobs: number
  /** Bytes of all blobs. */
  blobBytes: number
  /** Bytes of the database. */
  databaseBytes: number
}

/** Scans the rows of all blobs: for the account page, not for an endpoint. */
export function measureUsage(sql: SqlStorage, records: number): Usage {
  const { blobs, blobBytes } = sql
    .exec<{ blobs: number; blobBytes: number }>(
      'SELECT count(*) AS blobs, coalesce(sum(size), 0) AS blobBytes FROM blob',
    )
    .one()
  return { records, blobs, blobBytes, databaseBytes: sql.databaseSize }
}
