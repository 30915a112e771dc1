/** When a job runs next. */
import type { Cron } from 'croner'
import type { JobSchedule } from '../../kernel/job-files.ts'

const UNITS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}

/** What reads cron lines: most hosts have none. */
let cronLines: typeof Cron | undefined

/** Loads what some of these schedules need; to be awaited before `nextRun`. */
export async function prepareFor(schedules: Iterable<JobSchedule>): Promise<void> {
  for (const { cron } of schedules)
    if (cron !== undefined) cronLines ??= (await import('croner')).Cron
}

/** The schedule as a text, which changes when it does. */
export const describeSchedule = ({ every, cron }: JobSchedule): string =>
  every === undefined ? `cron ${cron}` : `every ${every}`

/**
 * @param after ms since the epoch
 * @throws ScheduleError when there is no such schedule, or no such time
 */
export function nextRun(schedule: JobSchedule, after: number): number {
  if (schedule.every !== undefined) return after + interval(schedule.every)
  if (!cronLines) throw new Error('prepareFor comes first')
  let next: Date | null = null
  try {
    next = new cronLines(schedule.cron, { timezone: 'UTC', paused: true }).nextRun(new Date(after))
  } catch (error) {
    throw new ScheduleError(`"${schedule.cron}": ${error instanceof Error ? error.message : error}`)
  }
  if (!next) throw new ScheduleError(`"${schedule.cron}" never comes`)
  return next.getTime()
}

function interval(every: string): number {
  const [, count = '', unit = ''] = /^(\d+) (minute|hour|day)s?$/.exec(every) ?? []
  const ms = Number(count) * (UNITS[unit] ?? 0)
  if (ms > 0 && Number.isSafeInteger(ms)) return ms
  throw new ScheduleError(`"${every}" is none of: 15 minutes, 1 hour, 2 days`)
}

/** A job file says no time at which it runs. */
export class ScheduleError extends Error {
  override name = 'ScheduleError'
}
