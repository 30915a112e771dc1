/** How much one account may store and upload. */

/** Limits of one account; 0: none. */
export interface Quota {
  records: number
  /** Bytes of the blocks of the current commit: the commit, the nodes of the tree, the record at each path. */
  repositoryBytes: number
  /** Bytes of all blobs that are stored, also of those that no record refers to yet. */
  blobBytes: number
  /** Uploads in 24 hours, also of what was uploaded before. */
  uploads: number
  /** Bytes of those uploads. */
  uploadBytes: number
}

export const quotaNames = [
  'records',
  'repositoryBytes',
  'blobBytes',
  'uploads',
  'uploadBytes',
] as const satisfies readonly (keyof Quota)[]

/** What the operator has set for one account, in place of the host's limits. */
export type QuotaOverride = Partial<Quota>

/** The limits of an account. */
export const quotaOf = (host: Quota, override: QuotaOverride): Quota => ({ ...host, ...override })

/** Reads what was stored; what it has too much is left out. */
export function parseQuotaOverride(stored: string | null): QuotaOverride {
  if (stored === null) return {}
  const given = JSON.parse(stored) as Record<string, unknown>
  return Object.fromEntries(
    quotaNames.flatMap((name) => (typeof given[name] === 'number' ? [[name, given[name]]] : [])),
  )
}
