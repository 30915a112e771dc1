/** What an account does in the background; docs/storage.md says which rows each job is about. */

import type { HostObjects } from '../../services/objects/stubs.ts'
import { isDamage } from '../../storage/account/beside-repo.ts'
import type { BlobTakedowns } from '../../storage/account/blob-takedowns.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { Outbox } from '../../storage/account/outbox.ts'
import type { Repo } from '../../storage/account/repo.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'
import { INITIAL_BACKOFF, type Job } from '../scheduler.ts'

/** Blobs whose bytes are to be deleted, looked up at once. */
const DELETE_BATCH = 100

/** What the sequencer stores for listings of all accounts. */
export function sourceState({ profile, repo }: Pick<Lifecycle, 'profile' | 'repo'>): SourceState {
  const gone = profile.isDeleted() || profile.pending() !== undefined
  if (gone) return { head: null, rev: null, status: 'deleted' }
  const { status } = profile.get()
  try {
    const { cid, rev } = repo.head()
    return { head: cid, rev, status }
  } catch (error) {
    // Its status counts all the same.
    if (isDamage(error)) return { head: null, rev: null, status }
    throw error
  }
}

/**
 * Settles commits that are in the journal, and removes the rows of delivered events, some time after their delivery: so
 * a write does not pay for it.
 */
export const removeDelivered = (
  outbox: Outbox,
  repo: Pick<Repo, 'unsettledSince' | 'tidy'>,
): Job => ({
  name: 'remove delivered events',
  due() {
    if (outbox.hasDelivered) return Date.now()
    const since = repo.unsettledSince()
    // The alarm was set for then, or before.
    return since === undefined ? undefined : since + INITIAL_BACKOFF
  },
  async run() {
    repo.tidy()
    outbox.removeDelivered()
  },
})

/**
 * Removes uploaded blobs that no record came to refer to, ends quarantines, and deletes the bytes that nobody needs any
 * more.
 */
export const deleteBlobs = (
  index: BlobIndex,
  takedowns: BlobTakedowns,
  store: () => BlobStore,
): Job => ({
  name: 'delete blobs',
  due() {
    if (index.keysToDelete(1).length > 0) return Date.now()
    const times = [index.nextExpiry(), takedowns.nextEnd()].filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  },
  async run() {
    index.expire(Date.now())
    takedowns.endQuarantine(Date.now())
    for (;;) {
      const keys = index.keysToDelete(DELETE_BATCH)
      if (keys.length === 0) return
      for (const key of keys) {
        await store().delete(key)
        index.confirmDeleted(key)
      }
    }
  },
})

/** Ends what browsers and apps were given for an account by the OAuth server. */
export const signOutOfOAuth = (
  objects: Pick<HostObjects, 'oauth'>,
  did: () => string,
  isGone: () => boolean,
): Job => ({
  name: 'sign out of OAuth',
  // Until it succeeds, somebody who should not is signed in.
  maxBackoff: 60_000,
  async run() {
    if (did() !== '') await objects.oauth.accounts.remove(did(), { devices: true, gone: isGone() })
  },
})
