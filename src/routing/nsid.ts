/** The one spelling of an NSID (NSID specification). */
import { isValidNsid } from '@atproto/syntax'

/**
 * Whether a text is an NSID in the one spelling that is accepted. The domain in an NSID makes no difference between
 * capitals and small letters, so that `CHAT.bsky.…` would be `chat.bsky.…` to other services, but not to a check here
 * that compares names. It is refused wherever a method is named, in a path and in a service token, and wherever a
 * record type is, in writes, reads and `$type`.
 */
export const isCanonicalNsid = (text: string): boolean =>
  isValidNsid(text) && !hasCapitalsInDomain(text)

/** Whether there are capitals in front of the name, the last part of an NSID. */
export function hasCapitalsInDomain(nsid: string): boolean {
  const domain = nsid.slice(0, nsid.lastIndexOf('.'))
  return domain !== domain.toLowerCase()
}
