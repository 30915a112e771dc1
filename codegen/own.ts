/** Which lexicons of a tree are one's own: the others came by an import, or from the network. */
import { join } from 'node:path'
import { readRecord } from './import-record.ts'
import { LEXICONS } from './layout.ts'
import { readText } from './tree.ts'

/** What `cumulus lexicons pull` brought (`cli/lexicons/lock.ts`). */
const LOCK = `${LEXICONS}.lock.json`

/** Tells by its NSID whether a lexicon was written here. */
export function isOwn(root: string): (nsid: string) => boolean {
  const others = new Set([...Object.keys(readRecord(root).lexicons), ...pulled(root)])
  return (nsid) => !others.has(nsid)
}

/** NSIDs in the lock; none where it is none, which `lexicons pull` tells. */
function pulled(root: string): string[] {
  try {
    return Object.keys(JSON.parse(readText(join(root, LOCK)) ?? '{}').lexicons ?? {})
  } catch {
    return []
  }
}

/** An NSID without its last part: what a permission set of that name may reach, and all below it. */
export const namespaceOf = (nsid: string): string => nsid.slice(0, nsid.lastIndexOf('.'))
