import { InvalidRequestError } from '@atproto/xrpc-server'
import { hasCapitalsInDomain } from '../../routing/nsid.ts'

/**
 * Checks that a collection, whose syntax was validated, is in the one spelling that records are written and read
 * under. What an import brought under another one can be deleted, and is in CAR files.
 *
 * @throws InvalidRequestError
 */
export function assertCollection(collection: string): void {
  if (!hasCapitalsInDomain(collection)) return
  throw new InvalidRequestError(
    `collection must be an NSID with its domain in small letters: ${JSON.stringify(collection)}`,
  )
}
