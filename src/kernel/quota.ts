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

/** A number for each limit that is to change, 0 for none; null: the host's again. What is not named stays. */
export type QuotaChange = { readonly [Name in keyof Quota]?: number | null }

/** What is set for an account after a change. */
export function changedOverride(before: QuotaOverride, change: QuotaChange): QuotaOverride {
  const all = Object.entries({ ...before, ...change })
  return Object.fromEntries(all.filter(([, value]) => value !== null))
}

/** The limits of an account. */
export const quotaOf = (host: Quota, override: QuotaOverride): Quota => ({ ...host, ...override })

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/** A number as people type it: 5000000, 5M, 20GB. Undefined: it is none, or too large to count with. */
export function readQuantity(typed: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([KMGT]?)B?$/i.exec(typed) ?? []
  const value = Number(digits) * (UNITS[unit.toUpperCase()] ?? 1)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Reads what was stored; what it has too much is left out. */
export function parseQuotaOverride(stored: string | null): QuotaOverride {
  if (stored === null) return {}
  const given = JSON.parse(stored) as Record<string, unknown>
  return Object.fromEntries(
    quotaNames.flatMap((name) => (typeof given[name] === 'number' ? [[name, given[name]]] : [])),
  )
}
