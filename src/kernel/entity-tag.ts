/** Entity tags (RFC 9110, sections 8.8.3 and 13.1.2). */

/** Characters of an `If-None-Match` that are looked at: nobody has more than a few answers to one question. */
const MAX_LENGTH = 1_000

/** Whether `If-None-Match` names this entity tag. Tags are compared weakly: proxies weaken them. */
export function isKnown(ifNoneMatch: string | null | undefined, etag: string): boolean {
  if (!ifNoneMatch || ifNoneMatch.length > MAX_LENGTH) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/**
 * The tag of what is answered about an account in a state of it. A handle may lead to another account tomorrow, which
 * may have the same record; a DID does not.
 *
 * @param asked handle or DID, as the client has named the account
 * @param state what changes whenever the answer does
 */
export const accountTag = (asked: string, did: string, state: string): string =>
  asked === did ? `"${state}"` : `"${did}/${state}"`

/** The states of an account in which the client has the answer, as `accountTag` names them. */
export function knownStates(
  ifNoneMatch: string | null | undefined,
  asked: string,
  did: string,
): string[] {
  if (!ifNoneMatch || ifNoneMatch.length > MAX_LENGTH) return []
  const prefix = asked === did ? '' : `${did}/`
  return ifNoneMatch.split(',').flatMap((tag) => {
    const [, name] = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(tag) ?? []
    return name?.startsWith(prefix) ? [name.slice(prefix.length)] : []
  })
}
