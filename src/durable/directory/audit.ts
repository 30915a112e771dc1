import type { AuditLog } from '../../storage/directory/audit.ts'
import type { Job } from '../scheduler.ts'

/** How often it is looked whether entries have become old, in ms. */
export const AUDIT_PRUNING = 24 * 60 * 60 * 1000

/** Removes entries that are older than the setting says. @param retention ms */
export const removeOldEntries = (log: AuditLog, retention: number): Job => ({
  name: 'remove old audit entries',
  async run() {
    log.prune(Date.now() - retention)
  },
  repeatAfter: () => (log.isEmpty() ? undefined : AUDIT_PRUNING),
})
