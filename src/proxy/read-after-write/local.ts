/** What the caller wrote lately, read and checked. */
import { TID } from '@atproto/common-web'
import * as Profile from '#types/app/bsky/actor/profile'
import * as Post from '#types/app/bsky/feed/post'
import { cidString } from '../../kernel/cbor/cid.ts'
import { recordValue } from '../../services/records/json.ts'
import type { RecentRecords } from '../../storage/account/recent.ts'

/** A post that the AppView may not have seen. */
export interface LocalPost {
  uri: string
  cid: string
  record: Post.Record
  /** When it was written here, ISO 8601. */
  indexedAt: string
}

export interface LocalRecords {
  did: string
  handle: string
  /** What the profile says now. */
  profile?: Profile.Record
  /** When the profile was changed, ISO 8601; absent: the AppView has it as it is. */
  profileChangedAt?: string
  /** Oldest first. */
  posts: LocalPost[]
}

/**
 * Decodes what the account's object gave. Records that are not what their lexicon says are left out: an
 * AppView would not show them either.
 *
 * @param since the rev that the AppView knows
 */
export function readLocal(
  did: string,
  { handle, profile: stored, posts }: RecentRecords,
  since: string,
): LocalRecords {
  const profile = stored && valid(Profile.validateRecord(recordValue(stored.block)))
  const changedAt = stored && profile && stored.rev > since ? timeOf(stored.rev) : undefined
  return {
    did,
    handle,
    ...(profile && { profile }),
    ...(changedAt && { profileChangedAt: changedAt }),
    posts: posts.flatMap((post) => {
      const record = valid(Post.validateRecord(recordValue(post.block)))
      if (!record) return []
      const uri = `at://${did}/app.bsky.feed.post/${post.rkey}`
      return [{ uri, cid: cidString(post.cid), record, indexedAt: timeOf(post.rev) }]
    }),
  }
}

/** How far the AppView is behind, in ms: the age of the oldest record that it lacks. */
export function lagOf({ profileChangedAt, posts }: LocalRecords, now = Date.now()): number {
  const times = posts.map(({ indexedAt }) => indexedAt)
  if (profileChangedAt !== undefined) times.push(profileChangedAt)
  return Math.max(0, ...times.map((time) => now - Date.parse(time)))
}

const valid = <T>(result: { success: true; value: T } | { success: false }): T | undefined =>
  result.success ? result.value : undefined

/** A rev is a TID: the time of its commit in microseconds. */
const timeOf = (rev: string): string => new Date(TID.fromStr(rev).timestamp() / 1000).toISOString()
