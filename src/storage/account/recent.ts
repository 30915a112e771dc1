/** Recent records of an account, for read-after-write. */

import { TID } from '@atproto/common-web'
import { isValidTid } from '@atproto/syntax'
import type { CidBytes } from '../../kernel/cbor/cid.ts'
import { LIMIT } from '../sql.ts'
import type { RecordTakedowns } from './record-takedowns.ts'
import { MAX_ANSWER_BYTES } from './records.ts'
import { wholeBlock } from './split-blocks.ts'

export interface RecentRecord {
  rkey: string
  cid: CidBytes
  /** DAG-CBOR. */
  block: Uint8Array
  /** Rev of the commit that wrote it, a TID, and so its time. */
  rev: string
}

export interface RecentRecords {
  handle: string
  /** The profile, even if it is not new: new posts show its display name. */
  profile?: RecentRecord
  /** Posts written after the rev, oldest first. */
  posts: RecentRecord[]
}

type Row = { path: string; cid: ArrayBuffer; rev: string; block: ArrayBuffer }

/** Maximum number of posts: an AppView that lags further behind will not look complete anyway. */
const MAX_POSTS = 10

/** Rows read for them. */
const MAX_ROWS = 50

/** Tolerated clock skew of clients that choose their own rkeys, in microseconds. */
const CLOCK_SKEW = 60 * 60 * 1_000_000

const PROFILE = 'app.bsky.actor.profile/self'
const POSTS = 'app.bsky.feed.post/'
const BEHIND_POSTS = 'app.bsky.feed.post0'

/** The earliest rev that a commit of an account can have that was created on this host then. @param createdAt ISO 8601 */
export const firstRevOf = (createdAt: string): string =>
  TID.fromTime(Date.parse(createdAt) * 1000, 0).toString()

/**
 * Posts written after rev `since`, and the profile. There is no index on `rev`, which would cost a row for each
 * write: rkeys of posts are TIDs, so the posts are read whose rkey is not much earlier than the rev. An old post that
 * was imported or updated since is thus not taken for a new one. Reads a row for each, and one for the profile.
 * What was taken down is left out.
 *
 * @param createdAt when the account was created on this host, ISO 8601
 * @returns null when the rev is older: the AppView has indexed nothing of this host, and revs of another host
 *   cannot be compared
 */
export function readRecent(
  sql: SqlStorage,
  since: string,
  createdAt: string,
  takedowns: RecordTakedowns,
): Omit<RecentRecords, 'handle'> | null {
  if (!isValidTid(since) || since < firstRevOf(createdAt)) return null
  const time = TID.fromStr(since).timestamp()
  const from = TID.fromTime(time - CLOCK_SKEW, 0).toString()
  const { visible } = takedowns
  const rows = sql.exec<Row>(
    `SELECT * FROM (
       SELECT path, cid, rev, block FROM record WHERE path > ? AND path < ? ${visible}
       ORDER BY path DESC ${LIMIT}
     ) WHERE rev > ? ${LIMIT}`,
    POSTS + from,
    BEHIND_POSTS,
    MAX_ROWS,
    since,
    MAX_POSTS,
  )
  const toRecent = ({ path, cid, rev, block }: Row): RecentRecord => ({
    rkey: path.slice(path.indexOf('/') + 1),
    cid: new Uint8Array(cid),
    block: wholeBlock(sql, new Uint8Array(cid), block),
    rev,
  })
  const posts = withinBytes(rows)
    .map(toRecent)
    .reverse()
    .sort((one, other) => (one.rev === other.rev ? 0 : one.rev < other.rev ? -1 : 1))
  const [profile] = sql
    .exec<Row>(`SELECT path, cid, rev, block FROM record WHERE path = ? ${visible}`, PROFILE)
    .toArray()
  if (posts.length === 0 && !(profile && profile.rev > since)) return null
  return { posts, ...(profile && { profile: toRecent(profile) }) }
}

/** The first of the rows, as many as one answer may hold. */
function withinBytes(rows: Iterable<Row>): Row[] {
  const taken: Row[] = []
  let bytes = 0
  for (const row of rows) {
    bytes += row.block.byteLength
    if (bytes > MAX_ANSWER_BYTES && taken.length > 0) break
    taken.push(row)
  }
  return taken
}
