/** What an account wrote of late, for services that lag behind. */
import { TID } from '@atproto/common-web'
import { isValidTid } from '@atproto/syntax'
import type { CidBytes } from '../mst/node.ts'

export interface RecentRecord {
  rkey: string
  cid: CidBytes
  /** DAG-CBOR. */
  block: Uint8Array
  /** Rev of the commit that wrote it, a TID: so the time of it, too. */
  rev: string
}

export interface RecentRecords {
  handle: string
  /** The profile, even if it is not new: new posts show its name. */
  profile?: RecentRecord
  /** Posts written after the rev, oldest first. */
  posts: RecentRecord[]
}

type Row = { path: string; cid: ArrayBuffer; rev: string; block: ArrayBuffer }

/** Posts at most: a service that lacks more will not look complete anyway. */
const MAX_POSTS = 10

/** Rows looked at for them. */
const MAX_ROWS = 50

/** How slow the clock of a client that names its own posts may be, in microseconds. */
const CLOCK_SKEW = 60 * 60 * 1_000_000

const PROFILE = 'app.bsky.actor.profile/self'
const POSTS = 'app.bsky.feed.post/'
const BEHIND_POSTS = 'app.bsky.feed.post0'

/**
 * Posts written after rev `since`, and the profile. There is no index of revs, which would cost a row for each
 * write: posts are named by their time, so those are looked at that are not named much earlier than the rev.
 * An old post that was imported or changed since is thus not taken for a new one. Reads a row for each, and
 * one for the profile.
 *
 * @param createdAt since when the account is here, ISO 8601
 * @returns null when the rev is from before that time: the service knows nothing that is here, and what it
 *   knows of another host cannot be compared
 */
export function readRecent(
  sql: SqlStorage,
  since: string,
  createdAt: string,
): Omit<RecentRecords, 'handle'> | null {
  if (!isValidTid(since)) return null
  const time = TID.fromStr(since).timestamp()
  if (time < Date.parse(createdAt) * 1000) return null
  const from = TID.fromTime(time - CLOCK_SKEW, 0).toString()
  const posts = sql
    .exec<Row>(
      `SELECT * FROM (
         SELECT path, cid, rev, block FROM record WHERE path > ? AND path < ?
         ORDER BY path DESC LIMIT ?
       ) WHERE rev > ? LIMIT ?`,
      POSTS + from,
      BEHIND_POSTS,
      MAX_ROWS,
      since,
      MAX_POSTS,
    )
    .toArray()
    .map(toRecent)
    .reverse()
    .sort((one, other) => (one.rev === other.rev ? 0 : one.rev < other.rev ? -1 : 1))
  const [profile] = sql
    .exec<Row>('SELECT path, cid, rev, block FROM record WHERE path = ?', PROFILE)
    .toArray()
  if (posts.length === 0 && !(profile && profile.rev > since)) return null
  return { posts, ...(profile && { profile: toRecent(profile) }) }
}

const toRecent = ({ path, cid, rev, block }: Row): RecentRecord => ({
  rkey: path.slice(path.indexOf('/') + 1),
  cid: new Uint8Array(cid),
  block: new Uint8Array(block),
  rev,
})
