/** Refuses what would exceed an account's quota. Reading, deleting and what does not grow are never refused. */
import type { Quota } from '../../kernel/quota.ts'
import { StorageError } from '../error.ts'
import type { RateLimitStatus } from '../rate-limit.ts'

const NAMES: Readonly<Record<'records' | 'repositoryBytes' | 'blobBytes', string>> = {
  records: 'records',
  repositoryBytes: 'bytes in the repository',
  blobBytes: 'bytes of blobs',
}

/** What an account stores, as far as it has a limit; a part of it: what is about to change. */
export type Stored = Partial<Record<keyof typeof NAMES, number>>

/** @throws StorageError `QuotaExceeded` (400) where something is over its limit and has grown */
export function assertWithinQuota(quota: Quota, before: Stored, after: Stored): void {
  for (const name of Object.keys(NAMES) as (keyof Stored)[]) {
    const limit = quota[name]
    const [was, is] = [before[name] ?? 0, after[name] ?? 0]
    if (limit > 0 && is > limit && is > was) throw quotaExceeded(name, was, limit)
  }
}

export const quotaExceeded = (name: keyof Stored, used: number, limit: number): StorageError =>
  new StorageError(
    'QuotaExceeded',
    `This account may have ${limit} ${NAMES[name]} on this host, and has ${used}. Delete something, or ask the ` +
      'operator for more.',
  )

/** @param until ms since the epoch; from then on there are uploads again */
export function tooManyUploads(limit: number, unit: string, until: number): StorageError {
  const rateLimit: RateLimitStatus = {
    limit,
    window: UPLOAD_WINDOW,
    remaining: 0,
    resetAt: until,
    exceeded: true,
  }
  return new StorageError(
    'RateLimitExceeded',
    `This account may upload ${limit} ${unit} in 24 hours on this host`,
    429,
    rateLimit,
  )
}

/** Uploads are counted for so long, in ms. */
export const UPLOAD_WINDOW = 24 * 60 * 60 * 1000
