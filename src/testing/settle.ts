import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { vi } from 'vitest'

/**
 * Rings an account's alarm until its tables have what its journal had. What was committed after the alarm was set is
 * due ten seconds later: one that rings before sets the next, which is rung as well.
 */
export async function settle(account: DurableObjectStub): Promise<void> {
  await vi.waitUntil(async () => {
    await runDurableObjectAlarm(account)
    return runInDurableObject(
      account,
      (_, { storage: { sql } }) => sql.exec('SELECT 1 FROM journal LIMIT 1').toArray().length === 0,
    )
  })
}

/** Has an account do what its alarm is for, whether it is set or not. */
export async function ring(account: DurableObjectStub): Promise<void> {
  await runInDurableObject(account, (instance) => instance.alarm?.())
}
