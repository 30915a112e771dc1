/** Events of an account whose repository cannot be read: what is decided about it is told even so. */
import { StorageError } from '../error.ts'
import type { UnnumberedEvent } from './events.ts'
import { firstEventNumber } from './head.ts'
import type { Outbox } from './outbox.ts'
import { JournalError } from './pending-commits.ts'
import { lastEventOf } from './put-back.ts'

/** Under which the number of the last such event is kept. */
const BESIDE = 'event beside'

/** Whether it is the repository that cannot be read: its journal does not fit, or it has no head. */
export const isDamage = (error: unknown): boolean =>
  error instanceof JournalError || (error instanceof StorageError && error.name === 'RepoNotFound')

/**
 * Adds an event with a number above all that the account may have given, also to commits that cannot be made again: those
 * come to nobody any more.
 */
export function announceBeside(
  { sql, kv }: Pick<DurableObjectStorage, 'sql' | 'kv'>,
  outbox: Outbox,
  event: UnnumberedEvent,
): void {
  // The clock may have been put back since the last of them.
  const before = kv.get<number>(BESIDE) ?? 0
  const last = Math.max(lastEventOf(sql), outbox.newest() ?? 0, firstEventNumber(), before)
  outbox.add(last + 1, event)
  kv.put(BESIDE, last + 1)
}
