/** The job that runs hooks, which the alarm of the index waits for. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from '../kernel/log.ts'
import { HookTasks } from '../storage/index/tasks.ts'
import { HookRunner } from './index/hook-runner.ts'

const NOTE = 'com.example.note'

test('the alarm does not wait for hooks without end where one is always under way: other jobs have their turn', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const stub = env.INDEX.get(env.INDEX.idFromName(crypto.randomUUID()))
  await runInDurableObject(stub as never, async (_, { storage }: DurableObjectState) => {
    const tasks = new HookTasks(storage)
    const { promise, resolve } = Promise.withResolvers<[]>()
    const runner = new HookRunner({
      tasks,
      definitions: () => new Map([[NOTE, { afterWrite: async () => undefined }]]) as never,
      entrypoint: () => ({ run: () => promise }),
      log: () => createLogger({ object: 'index' }),
      reschedule: () => undefined,
      start: () => undefined,
      freed: () => undefined,
      isHeld: () => false,
    })
    const change = { action: 'delete', collection: NOTE, rkey: 'a' } as const
    tasks.add(
      {
        ...{ collection: NOTE, did: 'did:web:a.test', rev: '1', seq: 1 },
        changes: [{ ...change, cid: undefined, block: undefined }],
      },
      Date.now(),
    )
    let isOver = false
    const run = runner.job.run().then(() => {
      isOver = true
    })
    await vi.advanceTimersByTimeAsync(9_000)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1_001)
    await run
    expect(runner.job.due?.()).toBeLessThanOrEqual(Date.now())
    resolve([])
    await vi.advanceTimersByTimeAsync(1_000)
  })
})
