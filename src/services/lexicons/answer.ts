/** What looking a lexicon up led to, and for how long that counts. */

import type { StoredLexicon } from '../../storage/directory/lexicons.ts'
import type { Lifetime } from '../identity/lookup-cache.ts'
import type { PublishedLexicon } from './document.ts'
import { LexiconError } from './lexicon-error.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** How long it counts that a name leads to no lexicon, ms. */
const NEGATIVE = 5 * MINUTE

/** An old answer from storage is given again after this time, while it is being renewed; ms. */
const RENEWAL = 30 * SECOND

/** An answer that could not be renewed serves for this multiple of its time to live. */
const STALE_FACTOR = 7

/** `until`: it is to be renewed from then on; ms since 1970. */
export type Answer = ({ published: PublishedLexicon } | { error: LexiconError }) & { until: number }

/** A row of the store as an answer; undefined when it is too old to be given at all. */
export function answerFrom(
  { nsid, published, reason, fetchedAt }: StoredLexicon,
  ttl: number,
  now: number,
): (Answer & { isOld: boolean }) | undefined {
  const until = fetchedAt + (published ? ttl : NEGATIVE)
  const isOld = now >= until
  if (!published) {
    return isOld ? undefined : { error: new LexiconError('not-found', reason), until, isOld }
  }
  if (now >= fetchedAt + STALE_FACTOR * ttl) return undefined
  return { published: { nsid, ...published }, until: isOld ? now + RENEWAL : until, isOld }
}

/** What was fetched, or why it could not be, as a row. */
export const rowOf = (
  nsid: string,
  result: PublishedLexicon | LexiconError,
  fetchedAt: number,
): StoredLexicon =>
  result instanceof LexiconError
    ? { nsid, published: null, reason: result.message, fetchedAt }
    : {
        nsid,
        published: { did: result.did, cid: result.cid, json: result.json },
        reason: '',
        fetchedAt,
      }

/** Why nothing was found, as an answer. Where nobody was asked, the next caller asks. */
export const failed = (error: LexiconError, now: number) => ({
  error,
  until: error.kind === 'busy' ? now : now + NEGATIVE,
})

/** A result that has just arrived, as an answer. */
export const answerOf = (
  result: PublishedLexicon | LexiconError,
  ttl: number,
  now: number,
): Answer =>
  result instanceof LexiconError ? failed(result, now) : { published: result, until: now + ttl }

/** How long memory holds what counts until `until`; old answers serve while the next is on its way. */
export function lifetimeOf({ until }: { until: number }, ttl: number, now: number): Lifetime {
  const fresh = Math.max(0, until - now)
  return { fresh, stale: fresh === 0 ? 0 : fresh + ttl }
}
