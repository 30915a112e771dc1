/** How much an account may store, unless the operator has set something else for it. */
import type { Quota } from '../quota.ts'
import { count } from './kinds.ts'

export const quotaSettings = {
  PDS_QUOTA_RECORDS: count(
    '2000000',
    'Records that an account may have. 0: as many as it likes; the same goes for the other quotas. The operator may set ' +
      'others for one account (docs/operating.md).',
  ),
  PDS_QUOTA_REPO_BYTES: count(
    '2147483648 (2 GiB)',
    'Bytes that its repository may have: the blocks of its current commit.',
  ),
  PDS_QUOTA_BLOB_BYTES: count('10737418240 (10 GiB)', 'Bytes that its blobs may have together.'),
  PDS_QUOTA_APP_BYTES: count(
    '16777216 (16 MiB)',
    'Bytes that the app’s own tables may have for each account (docs/app-storage.md).',
  ),
  PDS_QUOTA_APP_HOST_BYTES: count(
    '1073741824 (1 GiB)',
    'Bytes that the app’s own tables of the host may have together.',
  ),
  PDS_QUOTA_UPLOADS: count(
    '1000',
    'Blobs that it may upload in 24 hours, where rate limits are enabled.',
  ),
  PDS_QUOTA_UPLOAD_BYTES: count('0', 'Bytes that these may have, where rate limits are enabled.'),
} as const

type Parsed = { readonly [Name in keyof typeof quotaSettings]?: number }

/** Bytes that the app's own tables may have; 0: as many as they like. */
export interface AppQuota {
  /** For each account. */
  account: number
  host: number
}

export const readAppQuota = (parsed: Parsed): AppQuota => ({
  account: parsed.PDS_QUOTA_APP_BYTES ?? 16 * 1024 ** 2,
  host: parsed.PDS_QUOTA_APP_HOST_BYTES ?? 1024 ** 3,
})

export const readQuota = (parsed: Parsed): Quota => ({
  records: parsed.PDS_QUOTA_RECORDS ?? 2_000_000,
  // On Cloudflare an object has 10 GB, and an import takes its size once more.
  repositoryBytes: parsed.PDS_QUOTA_REPO_BYTES ?? 2 * 1024 ** 3,
  blobBytes: parsed.PDS_QUOTA_BLOB_BYTES ?? 10 * 1024 ** 3,
  uploads: parsed.PDS_QUOTA_UPLOADS ?? 1000,
  uploadBytes: parsed.PDS_QUOTA_UPLOAD_BYTES ?? 0,
})
