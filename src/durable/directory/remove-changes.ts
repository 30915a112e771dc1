import type { Config } from '../../kernel/config/config.ts'
import type { AccountChanges } from '../../storage/directory/account-changes.ts'
import type { Job } from '../scheduler.ts'

/** How often it is looked for changes that are too old, in ms. */
export const CHANGES_PRUNING = 60 * 60 * 1000

/** Removes old changes of accounts, and, where no objects share lookups any more, ends the list. */
export function removeOldChanges(
  changes: AccountChanges,
  { directoryShards }: Pick<Config, 'directoryShards'>,
): Job {
  const isDivided = directoryShards > 1
  return {
    name: 'remove old changes of accounts',
    run: async () => (isDivided ? changes.prune(Date.now()) : changes.end()),
    repeatAfter: () => (isDivided ? CHANGES_PRUNING : undefined),
  }
}
