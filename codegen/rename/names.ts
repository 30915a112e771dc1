/** Which lexicons a rename is about, and what each is called afterwards. */
import { isValidNsid } from '@atproto/syntax'
import { didYouMean } from '../did-you-mean.ts'
import { UsageError } from '../errors.ts'

/** New NSID by old one. */
export type Renames = ReadonlyMap<string, string>

export interface Plan {
  renames: Renames
  /** A whole namespace goes: whatever begins with it is meant, lexicon or not. */
  namespace?: { old: string; now: string }
}

/** What stands behind a namespace: all that is below it. */
const BELOW = '.*'

/**
 * @param from the NSID of a lexicon, or a namespace: what several have before a dot; `com.example.book.*` where a lexicon
 *   is called so, too
 * @param nsids of the tree
 * @throws UsageError
 */
export function renamesFor(from: string, to: string, nsids: readonly string[]): Plan {
  const [old, now] = [withoutBelow(from), withoutBelow(to)]
  const below = nsids.filter((nsid) => nsid.startsWith(`${old}.`))
  const isOne = nsids.includes(old) && !from.endsWith(BELOW)
  const chosen = isOne ? [old] : below
  if (chosen.length === 0) {
    throw new UsageError(
      `lexicons/ has nothing called "${old}" or below it${didYouMean(old, nsids)}`,
    )
  }
  if (old === now) throw new UsageError(`"${old}" is called so already`)
  const renames = new Map(chosen.map((nsid) => [nsid, now + nsid.slice(old.length)]))
  for (const nsid of renames.values()) {
    if (!isValidNsid(nsid)) throw new UsageError(`"${nsid}" is not an NSID`)
    if (nsids.includes(nsid) && !renames.has(nsid)) {
      throw new UsageError(`"${nsid}" is there already`)
    }
  }
  // Where a lexicon has its name, too, that one is not meant.
  return nsids.includes(old) ? { renames } : { renames, namespace: { old, now } }
}

const withoutBelow = (name: string): string =>
  name.endsWith(BELOW) ? name.slice(0, -BELOW.length) : name
