/** How methods are named in requests (NSID specification). */
import { isValidNsid } from '@atproto/syntax'

/**
 * Whether a text names a method in the one spelling that is accepted. The domain in an NSID makes no difference
 * between capitals and small letters, so that `CHAT.bsky.…` would be `chat.bsky.…` to other services, but not to a
 * check here that compares names. It is refused wherever a method is named: in a path, and in a service token.
 */
export function isMethodName(text: string): boolean {
  if (!isValidNsid(text)) return false
  const domain = text.slice(0, text.lastIndexOf('.'))
  return domain === domain.toLowerCase()
}
