import type { Quota } from '../../kernel/quota.ts'

/** How much is stored for one account, and how much may be. */
export interface Usage {
  records: number
  /** Bytes of the blocks of the current commit. */
  repositoryBytes: number
  blobs: number
  /** Bytes of all blobs. */
  blobBytes: number
  /** Uploads of the last 24 hours. */
  uploads: number
  uploadBytes: number
  /** Bytes of the database. */
  databaseBytes: number
  limits: Quota
}
