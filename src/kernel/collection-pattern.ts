/** Which collections somebody wants: an NSID, or all below a name, such as `com.example.cook.*`. */
import { isCanonicalNsid } from '../routing/nsid.ts'

/** Whether a text is such a pattern. Three labels, as an NSID has, or two and a star. */
export const isCollectionPattern = (text: string): boolean =>
  isCanonicalNsid(text.endsWith('.*') ? `${text.slice(0, -1)}any` : text)

/** Whether a collection is among those that patterns name. */
export const isCovered = (patterns: readonly string[], collection: string): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith('.*') ? collection.startsWith(pattern.slice(0, -1)) : collection === pattern,
  )
