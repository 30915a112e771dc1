/** Jobs of the app: when they run, that they run one at a time, and what becomes of those that fail. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type AnyJobDefinition, useJobFiles } from '../kernel/job-files.ts'
import type { JobRun } from '../server/jobs/define.ts'
import { hostObjects, indexStub } from '../services/objects/stubs.ts'
import { AppJobs } from '../storage/index/app-jobs.ts'
import { crashNow } from '../testing/crash.ts'
import { basic, send } from '../testing/host.ts'
import { JobRunner } from './jobs/runner.ts'
import { nextRun, prepareFor } from './jobs/schedule.ts'

const objects = hostObjects(env)
const MINUTE = 60_000

const runs: (Pick<JobRun, 'attempt' | 'lastRun'> & { name: string })[] = []
let behave: (name: string) => unknown

const file = (name: string, schedule: object, more: object = {}): [string, AnyJobDefinition] => [
  name,
  {
    ...schedule,
    ...more,
    async run({ attempt, lastRun }: JobRun) {
      runs.push({ name, attempt, lastRun })
      await behave(name)
    },
  } as never,
]

/** Has the index start anew with these jobs. */
async function release(...jobs: [string, AnyJobDefinition][]): Promise<void> {
  await send('/xrpc/_health')
  useJobFiles(
    Object.fromEntries(jobs.map(([name, one]) => [name, { load: async () => ({ default: one }) }])),
  )
  await restart()
}

async function restart(): Promise<void> {
  await objects.hostIndex.rowCounts.take()
  await evictDurableObject(indexStub(env) as never)
  await objects.hostIndex.jobs.wake()
}

/** As if so long had passed. */
const pass = (ms: number) =>
  runInDurableObject(indexStub(env) as never, (_, { storage }) => {
    storage.sql.exec('UPDATE app_job SET next_at = next_at - ?, last_run = last_run - ?', ms, ms)
  }).then(restart)

const state = async (name: string) =>
  (await objects.hostIndex.jobs.list()).find((one) => one.name === name)

/** Resolves when nothing runs. */
const quiet = () =>
  expect
    .poll(async () =>
      (await objects.hostIndex.jobs.list()).every(
        ({ startedAt, nextAt }) => startedAt === null && nextAt > Date.now(),
      ),
    )
    .toBe(true)

beforeEach(async () => {
  runs.length = 0
  behave = () => undefined
  await release()
})

describe('a job', () => {
  test('that ran when the host did not answer any more has failed, and waits', () =>
    runInDurableObject(indexStub(env) as never, (_, { storage }) => {
      const jobs = new AppJobs(storage.sql)
      const at = Date.parse('2100-01-01T00:00:00Z')
      const idle = {
        schedule: 'every 1 hour',
        startedAt: null,
        lastRun: null,
        lastMs: null,
        failures: 0,
        error: null,
      }
      jobs.set({ ...idle, name: 'loop', nextAt: at - 90_000, startedAt: at - 90_000 })
      jobs.set({ ...idle, name: 'other', nextAt: at })
      const logged: unknown[] = []
      const runner = new JobRunner({
        jobs,
        definitions: () => ({
          definitions: new Map([
            file('loop', { every: '1 hour' }),
            file('other', { every: '1 hour' }),
          ]),
          failed: new Map(),
        }),
        entrypoint: () => ({ run: async () => undefined }),
        log: () => ({ info: () => undefined, error: (...line) => logged.push(line) }),
        start: () => undefined,
        reschedule: () => undefined,
      })
      runner.adopt(at, true)
      const error = 'the host did not answer any more while it ran'
      expect(jobs.find('loop')).toMatchObject({
        failures: 1,
        startedAt: null,
        error,
        nextAt: at + MINUTE,
      })
      expect(jobs.find('other')).toMatchObject({ failures: 0, nextAt: at })
      expect(logged).toHaveLength(1)
      for (const { name } of jobs.all()) jobs.remove(name)
    }))

  test('whose file cannot be loaded does not run, keeps its place, and keeps no other from running', async () => {
    await release(file('tidy', { every: '15 minutes' }))
    const before = await state('tidy')
    useJobFiles({
      tidy: { load: () => Promise.reject(new TypeError('no such module')) },
      sweep: { load: async () => ({ default: file('sweep', { every: '15 minutes' })[1] }) },
    })
    await pass(15 * MINUTE)
    await restart()
    await pass(15 * MINUTE)
    await expect.poll(() => runs.map(({ name }) => name)).toEqual(['sweep'])
    const message = 'src/jobs/tidy.ts cannot be loaded: TypeError: no such module'
    expect(await state('tidy')).toMatchObject({ schedule: before?.schedule, error: message })
    await expect(objects.hostIndex.jobs.start('tidy')).rejects.toThrow(message)
    await release(file('tidy', { every: '15 minutes' }))
    await expect.poll(() => runs.map(({ name }) => name)).toEqual(['sweep', 'tidy'])
  })

  test('runs when its time has come, and again after that', async () => {
    await release(file('tidy', { every: '15 minutes' }))
    await quiet()
    expect(runs).toEqual([])
    await pass(15 * MINUTE)
    await quiet()
    expect(runs).toEqual([{ name: 'tidy', attempt: 1, lastRun: undefined }])
    await pass(15 * MINUTE)
    await quiet()
    expect(runs).toHaveLength(2)
    expect(runs[1]?.lastRun).toBeInstanceOf(Date)
  })

  test('that missed many times runs once', async () => {
    await release(file('tidy', { every: '15 minutes' }))
    await pass(24 * 60 * MINUTE)
    await quiet()
    expect(runs).toHaveLength(1)
    expect((await state('tidy'))?.nextAt).toBeGreaterThan(Date.now() + 14 * MINUTE)
  })

  test('that broke off with its object runs again', async () => {
    await release(file('tidy', { every: '1 hour' }))
    const { promise, resolve } = Promise.withResolvers<void>()
    onTestFinished(() => resolve())
    behave = () => promise
    await objects.hostIndex.jobs.start('tidy')
    await expect.poll(() => runs.length).toBe(1)
    expect((await state('tidy'))?.startedAt).not.toBeNull()
    behave = () => undefined
    await crashNow(() => indexStub(env) as never)
    await objects.hostIndex.jobs.wake()
    await quiet()
    expect(runs).toHaveLength(2)
  })

  test('that fails runs again after a pause that grows, and then at its next time', async () => {
    await release(file('tidy', { every: '1 day' }))
    behave = () => {
      throw new TypeError('no')
    }
    await objects.hostIndex.jobs.start('tidy')
    for (const pause of [1, 2, 4, 8]) {
      await quiet()
      const failed = await state('tidy')
      expect(failed).toMatchObject({ error: 'TypeError: no', lastRun: null })
      expect((failed?.nextAt ?? 0) - Date.now()).toBeGreaterThan((pause - 0.5) * MINUTE)
      expect((failed?.nextAt ?? 0) - Date.now()).toBeLessThanOrEqual(pause * MINUTE)
      await pass(pause * MINUTE)
    }
    await quiet()
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
    expect((await state('tidy'))?.nextAt).toBeGreaterThan(Date.now() + 23 * 60 * MINUTE)
    behave = () => undefined
    await objects.hostIndex.jobs.start('tidy')
    await quiet()
    expect(await state('tidy')).toMatchObject({ failures: 0, error: null })
  })

  test('that throws is in the log with the place at which it did', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => logged.mockRestore())
    await release(file('tidy', { every: '1 day' }))
    behave = () => {
      throw new RangeError('too far')
    }
    await objects.hostIndex.jobs.start('tidy')
    await quiet()
    const [line] = logged.mock.calls.map(String).filter((one) => one.includes('"a job failed"'))
    expect(JSON.parse(line ?? '')).toMatchObject({
      error: 'RangeError: too far',
      stack: expect.stringMatching(/^RangeError: too far\n +at .*app-jobs\.test/),
    })
  })

  test('has an end', async () => {
    await release(file('tidy', { every: '1 day' }, { timeout: 50 }))
    const { promise, resolve } = Promise.withResolvers<void>()
    onTestFinished(() => resolve())
    behave = () => promise
    await objects.hostIndex.jobs.start('tidy')
    await quiet()
    expect((await state('tidy'))?.error).toBe('no end after 50 ms')
  })

  test('without a time does not run, and keeps nobody else from it', async () => {
    await release(file('wrong', { cron: '61 * * * *' }), file('right', { cron: '* * * * *' }))
    expect((await objects.hostIndex.jobs.list()).map(({ name }) => name)).toEqual(['right'])
  })
})

test('jobs run one after the other, each once however often it is started', async () => {
  await release(file('a', { every: '1 day' }), file('b', { every: '1 day' }))
  let under = 0
  let most = 0
  behave = async () => {
    most = Math.max(most, ++under)
    await scheduler.wait(20)
    under--
  }
  await Promise.all(['a', 'b', 'a'].map((name) => objects.hostIndex.jobs.start(name)))
  await quiet()
  expect(most).toBe(1)
  expect(new Set(runs.map(({ name }) => name))).toEqual(new Set(['a', 'b']))
})

test('an alarm is set for the next one', async () => {
  await release(file('tidy', { every: '15 minutes' }))
  expect(await runDurableObjectAlarm(indexStub(env) as never)).toBe(true)
})

test('the operator lists them, and starts one', async () => {
  await release(file('tidy', { cron: '0 3 * * *' }))
  const ask = (path: string, body: object = {}) =>
    send(`/operator/${path}`, {
      method: 'POST',
      headers: {
        authorization: basic('admin', 'test admin password'),
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
  expect((await ask('jobs/run', { name: 'none' })).status).toBe(400)
  expect((await ask('jobs/run', { name: 'tidy' })).status).toBe(200)
  await quiet()
  const { jobs } = (await (await ask('jobs')).json()) as { jobs: object[] }
  expect(jobs).toMatchObject([{ name: 'tidy', schedule: 'cron 0 3 * * *', failures: 0 }])
  expect(runs).toHaveLength(1)
})

test('schedules are in UTC', async () => {
  await prepareFor([{ cron: '0 3 * * *' }])
  const at = (text: string) => Date.parse(text)
  expect(nextRun({ cron: '0 3 * * *' }, at('2026-11-26T03:00:00Z'))).toBe(
    at('2026-11-27T03:00:00Z'),
  )
  expect(nextRun({ every: '2 hours' }, 0)).toBe(7_200_000)
  for (const every of ['0 minutes', '1 week', '-1 hour', '1.5 hours']) {
    expect(() => nextRun({ every } as never, 0), every).toThrow('is none of')
  }
  expect(() => nextRun({ cron: '0 0 30 2 *' }, 0)).toThrow('never comes')
})
