/** The scheduler with jobs of its own, on the state of a real object. Times lie far ahead, so no alarm rings by itself. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { JobTable, type ScheduledJob } from '../storage/jobs.ts'
import { countRows } from '../storage/sql.ts'
import { type Job, type Room, Scheduler } from './scheduler.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const START = Date.parse('2100-01-01T00:00:00Z')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(START)
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

/** A state that is there for one test. */
interface Setting {
  /** A scheduler as after a start of the object: it knows what is stored and nothing else. */
  scheduler(...jobs: Job[]): Scheduler
  /** The same, on a disk that may be full. */
  onDisk(room: Room, ...jobs: Job[]): Scheduler
  table: JobTable
  /** Rows written to the table since this was last asked for. */
  rowsWritten(): number
  alarm(): Promise<number | null>
  /** Lets the alarm ring now, whenever it was set for. */
  ring(scheduler: Scheduler): Promise<void>
  storage: DurableObjectStorage
  /** Messages of the errors that were logged. */
  logged: string[]
}

let made = 0

function onState(work: (setting: Setting) => Promise<void>): Promise<void> {
  const stub = env.OAUTH.get(env.OAUTH.idFromName(`scheduler ${made++}`))
  return runInDurableObject(stub, (_, ctx) => {
    const { storage } = ctx
    const { sql, take } = countRows(storage.sql)
    const logged: string[] = []
    const log = {
      info: () => undefined,
      error: (_message: string, error: unknown) => logged.push(String(error)),
    }
    return work({
      scheduler: (...jobs) => new Scheduler(ctx, new JobTable(sql), () => log, jobs),
      onDisk: (room, ...jobs) => new Scheduler(ctx, new JobTable(sql), () => log, jobs, room),
      table: new JobTable(storage.sql),
      rowsWritten: () => take().written,
      alarm: () => storage.getAlarm(),
      async ring(scheduler) {
        await storage.deleteAlarm()
        await scheduler.onAlarm()
      },
      storage,
      logged,
    })
  })
}

interface TestJob extends Job {
  runs: number
}

/** A job that counts its runs. */
function makeJob(
  name: string,
  work: () => Promise<void> = async () => undefined,
  times: Pick<Job, 'due' | 'repeatAfter'> = {},
): TestJob {
  const job = {
    name,
    runs: 0,
    run(): Promise<void> {
      job.runs++
      return work()
    },
    ...times,
  }
  return job
}

const failing = async () => {
  throw new Error('broken')
}

const row = (name: string, dueAt: number, failures = 0): ScheduledJob => ({ name, dueAt, failures })

describe('a job that is started', () => {
  test('runs at once, with the alarm set for the case that it does not come to its end', () =>
    onState(async ({ scheduler, storage, alarm }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const setAlarm = vi.spyOn(storage, 'setAlarm')
      const alarmsBefore: number[] = []
      const job = makeJob('a', () => {
        alarmsBefore.push(setAlarm.mock.calls.length)
        return promise
      })
      const jobs = scheduler(job)
      jobs.start(job)
      expect(job.runs).toBe(1)
      expect(alarmsBefore).toEqual([1])
      expect(await alarm()).toBe(START + 10 * SECOND)
      resolve()
      await jobs.finished(job)
    }))

  test('runs once at a time, however often it is started, and again when it is over', () =>
    onState(async ({ scheduler }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const job = makeJob('a', () => promise)
      const jobs = scheduler(job)
      jobs.start(job)
      jobs.start(job)
      expect(job.runs).toBe(1)
      resolve()
      await jobs.finished(job)
      jobs.start(job)
      expect(job.runs).toBe(2)
      await jobs.finished(job)
    }))

  test('runs once also when the first thing it does is to start itself', () =>
    onState(async ({ scheduler, logged }) => {
      let runs = 0
      const job: Job = {
        name: 'eager',
        run: async () => {
          runs++
          jobs.start(job)
        },
      }
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      expect([runs, logged]).toEqual([1, []])
    }))

  test('and is still running when the alarm rings is waited for, not run beside itself', () =>
    onState(async ({ scheduler, alarm }) => {
      for (const due of [undefined, () => START]) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const order: string[] = []
        const job = makeJob('a', () => promise.then(() => void order.push('done')), { due })
        const jobs = scheduler(job)
        jobs.start(job)
        later(10 * SECOND)
        const ringing = jobs.onAlarm().then(() => order.push('the alarm is over'))
        // Whoever does not wait would be over after one look at the alarm.
        await alarm()
        await alarm()
        resolve()
        await ringing
        expect(job.runs).toBe(1)
        expect(order).toEqual(['done', 'the alarm is over'])
      }
    }))

  test('is finished also when it has failed', () =>
    onState(async ({ scheduler, logged }) => {
      const job = makeJob('a', failing)
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      expect(logged).toEqual(['Error: broken'])
    }))

  test('has the alarm set for it also when the object waits for one that is hours away', () =>
    onState(async ({ scheduler, alarm, ring }) => {
      const far = makeJob('far', undefined, { due: () => START + 360 * MINUTE })
      const job = makeJob('a')
      const jobs = scheduler(far, job)
      await ring(jobs)
      expect(await alarm()).toBe(START + 360 * MINUTE)
      jobs.start(job)
      expect(await alarm()).toBe(START + 10 * SECOND)
      await jobs.finished(job)
    }))

  test('costs no row when it succeeds', () =>
    onState(async ({ scheduler, rowsWritten, table }) => {
      const job = makeJob('a')
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      expect(rowsWritten()).toBe(0)
      expect(table.all()).toEqual([])
    }))
})

describe('a job that fails', () => {
  test('is tried again by the alarm after pauses that grow up to ten minutes', () =>
    onState(async ({ scheduler, table, alarm, ring }) => {
      const job = makeJob('a', failing)
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      const pauses: number[] = []
      for (let failures = 1; failures <= 9; failures++) {
        const [noted] = table.all()
        const dueAt = noted?.dueAt ?? 0
        expect(table.all()).toEqual([row('a', dueAt, failures)])
        pauses.push((dueAt - Date.now()) / SECOND)
        expect(await alarm()).toBe(dueAt)
        vi.setSystemTime(dueAt)
        await ring(jobs)
        expect(job.runs).toBe(failures + 1)
      }
      expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600])
    }))

  test('may have a shorter longest pause of its own', () =>
    onState(async ({ scheduler, table }) => {
      table.set(row('a', START, 5))
      const job = { ...makeJob('a', failing), maxBackoff: 30 * SECOND }
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      expect(table.all()).toEqual([row('a', START + 30 * SECOND, 6)])
    }))

  test('is not tried before its time, when the alarm rings for something else', () =>
    onState(async ({ scheduler, table, alarm, ring }) => {
      table.set(row('a', START + MINUTE, 3))
      const job = makeJob('a', undefined, { due: () => START })
      const other = makeJob('b', undefined, { due: () => START })
      await ring(scheduler(job, other))
      expect({ job: job.runs, other: other.runs }).toEqual({ job: 0, other: 1 })
      expect(table.all()).toEqual([row('a', START + MINUTE, 3)])
      // For the other job, which says that it is due all the time; then not sooner than for this one.
      expect(await alarm()).toBe(START + SECOND)
      await ring(scheduler(job))
      expect(job.runs).toBe(0)
    }))

  test('leaves nothing behind once it succeeds, and begins anew with short pauses', () =>
    onState(async ({ scheduler, table, ring }) => {
      let broken = true
      const job = makeJob('a', async () => {
        if (broken) throw new Error('broken')
      })
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      later(10 * SECOND)
      await ring(jobs)
      expect(table.all()).toEqual([row('a', Date.now() + 20 * SECOND, 2)])
      broken = false
      later(20 * SECOND)
      await ring(jobs)
      expect(job.runs).toBe(3)
      expect(table.all()).toEqual([])
      broken = true
      jobs.start(job)
      await jobs.finished(job)
      expect(table.all()).toEqual([row('a', Date.now() + 10 * SECOND, 1)])
    }))

  test('is started again at once by what gives it more to do', () =>
    onState(async ({ scheduler, table }) => {
      table.set(row('a', START + MINUTE, 3))
      const job = makeJob('a')
      const jobs = scheduler(job)
      jobs.start(job)
      await jobs.finished(job)
      expect(job.runs).toBe(1)
      expect(table.all()).toEqual([])
    }))

  test('keeps no other from running, and does not make the alarm fail', () =>
    onState(async ({ scheduler, table, logged, ring }) => {
      const due = () => START
      const first = makeJob('first', undefined, { due })
      const broken = makeJob('broken', failing, { due })
      const last = makeJob('last', undefined, { due })
      await ring(scheduler(first, broken, last))
      expect([first.runs, broken.runs, last.runs]).toEqual([1, 1, 1])
      expect(table.all()).toEqual([row('broken', START + 10 * SECOND, 1)])
      expect(logged).toEqual(['Error: broken'])
    }))
})

describe('after a crash', () => {
  test('the alarm runs what was noted for now, and leaves what was noted for later', () =>
    onState(async ({ scheduler, table, alarm, ring }) => {
      table.set(row('now', START))
      table.set(row('retried', START, 4))
      table.set(row('later', START + 1))
      const [now, retried, waiting] = ['now', 'retried', 'later'].map((name) => makeJob(name))
      if (!now || !retried || !waiting) throw new Error('no jobs')
      await ring(scheduler(now, retried, waiting))
      expect([now.runs, retried.runs, waiting.runs]).toEqual([1, 1, 0])
      expect(table.all()).toEqual([row('later', START + 1)])
      // Not at once: alarms follow one another a second apart.
      expect(await alarm()).toBe(START + SECOND)
    }))

  test('the alarm runs what is due by what is stored', () =>
    onState(async ({ scheduler, alarm, ring }) => {
      let dueAt: number | undefined = START
      const work = async () => {
        dueAt = START + MINUTE
      }
      const job = makeJob('a', work, { due: () => dueAt })
      const idle = makeJob('idle', undefined, { due: () => undefined })
      await ring(scheduler(job, idle))
      expect([job.runs, idle.runs]).toEqual([1, 0])
      expect(await alarm()).toBe(START + MINUTE)
    }))

  test('the alarm that was set with the start of a job runs it, as it is still due', () =>
    onState(async ({ scheduler, alarm, ring }) => {
      let done = false
      const due = () => (done ? undefined : START)
      const cutOff = makeJob('a', () => new Promise(() => undefined), { due })
      scheduler(cutOff).start(cutOff)
      const repeated = makeJob(
        'a',
        async () => {
          done = true
        },
        { due },
      )
      vi.setSystemTime((await alarm()) ?? 0)
      await ring(scheduler(repeated))
      expect(repeated.runs).toBe(1)
    }))

  test('nothing is set where nothing is to be done', () =>
    onState(async ({ scheduler, alarm, ring }) => {
      await ring(scheduler(makeJob('a')))
      expect(await alarm()).toBeNull()
    }))
})

test('an alarm that rings a little early runs what it was set for', () =>
  onState(async ({ scheduler, ring }) => {
    const job = makeJob('a')
    const jobs = scheduler(job)
    jobs.runLater(job, MINUTE)
    later(MINUTE - 5)
    await ring(jobs)
    expect(job.runs).toBe(1)
  }))

describe('a job that is to run later', () => {
  test('costs one row and one alarm, and does not wait longer when it is asked for again', () =>
    onState(async ({ scheduler, table, rowsWritten, alarm }) => {
      const job = makeJob('a')
      const jobs = scheduler(job)
      jobs.runLater(job, MINUTE)
      expect(rowsWritten()).toBe(1)
      expect(await alarm()).toBe(START + MINUTE)
      later(SECOND)
      jobs.runLater(job, MINUTE)
      scheduler(job).runLater(job, MINUTE)
      expect(rowsWritten()).toBe(0)
      expect(table.all()).toEqual([row('a', START + MINUTE)])
      expect(await alarm()).toBe(START + MINUTE)
    }))

  test('runs when its time has come, once', () =>
    onState(async ({ scheduler, table, alarm, ring }) => {
      const job = makeJob('a')
      const jobs = scheduler(job)
      jobs.runLater(job, MINUTE)
      later(MINUTE)
      await ring(jobs)
      await ring(jobs)
      expect(job.runs).toBe(1)
      expect(table.all()).toEqual([])
      jobs.runLater(job, MINUTE)
      expect(await alarm()).toBe(Date.now() + MINUTE)
    }))

  test('is asked for anew while it runs', () =>
    onState(async ({ scheduler, table }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const job = makeJob('a', () => promise)
      const jobs = scheduler(job)
      jobs.runLater(job, 0)
      jobs.start(job)
      jobs.runLater(job, MINUTE)
      resolve()
      await jobs.finished(job)
      expect(table.all()).toEqual([row('a', START + MINUTE)])
    }))

  test('does not make what is due before it wait', () =>
    onState(async ({ scheduler, alarm }) => {
      const soon = makeJob('soon', undefined, { due: () => START + SECOND })
      const job = makeJob('a')
      scheduler(soon, job).runLater(job, MINUTE)
      expect(await alarm()).toBe(START + SECOND)
    }))
})

test('a job that asks for it runs again and again, until there is nothing to do', () =>
  onState(async ({ scheduler, table, alarm, ring }) => {
    let left = 3
    const work = async () => {
      left--
    }
    const job = makeJob('a', work, { repeatAfter: () => (left > 0 ? MINUTE : undefined) })
    const jobs = scheduler(job)
    jobs.start(job)
    await jobs.finished(job)
    await jobs.reschedule()
    expect(table.all()).toEqual([row('a', START + MINUTE)])
    for (const runs of [2, 3]) {
      later(MINUTE)
      await ring(jobs)
      expect(job.runs).toBe(runs)
      if (left > 0) expect(await alarm()).toBe(Date.now() + MINUTE)
    }
    expect(table.all()).toEqual([])
  }))

describe('setting the alarm for what is due next', () => {
  const dueAt = (at: number) => makeJob('a', undefined, { due: () => at })

  test('moves it forward', () =>
    onState(async ({ scheduler, storage, alarm }) => {
      await storage.setAlarm(START + 2 * MINUTE)
      await scheduler(dueAt(START + MINUTE)).reschedule()
      expect(await alarm()).toBe(START + MINUTE)
    }))

  test('never moves it later', () =>
    onState(async ({ scheduler, storage, alarm }) => {
      await storage.setAlarm(START + MINUTE)
      await scheduler(dueAt(START + 2 * MINUTE)).reschedule()
      expect(await alarm()).toBe(START + MINUTE)
    }))

  test('sets it where none is set, not sooner than the pause', () =>
    onState(async ({ scheduler, alarm }) => {
      await scheduler(dueAt(START)).reschedule(5 * SECOND)
      expect(await alarm()).toBe(START + 5 * SECOND)
    }))
})

test('what was in memory is forgotten together with the store', () =>
  onState(async ({ scheduler, table, alarm, storage }) => {
    const job = makeJob('a')
    const jobs = scheduler(job)
    jobs.runLater(job, MINUTE)
    table.remove('a')
    await storage.deleteAlarm()
    jobs.clearCache()
    await jobs.reschedule()
    expect(await alarm()).toBeNull()
    jobs.start(job)
    expect(await alarm()).toBe(START + 10 * SECOND)
    await jobs.finished(job)
  }))

test('a job that is overdue because its alarm was given up gets a new one when it is asked for', () =>
  onState(async ({ scheduler, table, alarm }) => {
    table.set(row('a', START - MINUTE))
    expect(await alarm()).toBeNull()
    const job = makeJob('a')
    scheduler(job).runLater(job, MINUTE)
    expect(await alarm()).not.toBeNull()
    expect(table.all()).toEqual([row('a', START - MINUTE)])
  }))

describe('without room on the disk', () => {
  test.each(['goes on at the start of its object', 'is called by the alarm'])(
    'a job that %s waits for it, and writes nothing before',
    (how) =>
      onState(async ({ onDisk, rowsWritten, alarm, ring }) => {
        const room = Promise.withResolvers<void>()
        const run = vi.fn(async () => undefined)
        const job: Job = { name: 'a job', due: () => Date.now(), run }
        const scheduler = onDisk({ untilRoom: () => room.promise }, job)
        const done = how.startsWith('goes on') ? scheduler.resume(job) : ring(scheduler)
        await Promise.resolve()
        expect(run).not.toHaveBeenCalled()
        expect(rowsWritten()).toBe(0)
        expect(await alarm()).toBeNull()
        room.resolve()
        await done
        await scheduler.finished(job)
        expect(run).toHaveBeenCalledOnce()
      }),
  )
})
