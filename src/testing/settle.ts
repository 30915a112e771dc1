import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, vi } from 'vitest'

/**
 * Rings an account's alarm until its tables have what its journal had. What was committed after the alarm was set is
 * due ten seconds later: one that rings before sets the next, which is rung as well.
 */
export async function settle(account: DurableObjectStub): Promise<void> {
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(account)
    const journal = await runInDurableObject(account, (_, { storage: { sql } }) =>
      sql.exec('SELECT id FROM journal').toArray(),
    )
    expect(journal).toEqual([])
  })
}

/** Has an account do what is due, whether its alarm is set or not. Resolves when the log has its events. */
export async function ring(account: DurableObjectStub): Promise<void> {
  await runInDurableObject(account, (instance) => instance.alarm?.())
}
