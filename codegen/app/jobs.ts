/** The files of `src/jobs/`: a job each, by the name of its file. What is in them the compiler checks, all but schedules. */
import { join } from 'node:path'
import { nextRun, prepareFor, ScheduleError } from '../../src/durable/jobs/schedule.ts'
import type { JobSchedule } from '../../src/kernel/job-files.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { JOBS } from '../layout.ts'
import type { HandlerFile } from '../load.ts'
import { cachedShapes, type ShapeReader } from '../shape-cache.ts'
import type { JobShape } from './read-job.ts'

export interface CheckedJobs {
  diagnostics: Diagnostic[]
  /** In order. */
  names: string[]
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

const READER: ShapeReader<JobShape> = {
  name: 'jobs',
  modules: ['read-job.ts', '../handlers/source.ts'].map((name) => join(import.meta.dirname, name)),
  async load() {
    const { readJob } = await import('./read-job.ts')
    return ({ path, text }) => readJob(path, text)
  },
}

/** @param files of the folder that are no tests */
export async function checkJobs(
  root: string,
  files: readonly HandlerFile[],
  fresh = false,
): Promise<CheckedJobs> {
  const found: CheckedJobs = { diagnostics: [], names: [] }
  const shapes = await cachedShapes(root, files, READER, fresh)
  for (const { path } of files) {
    const name = path.slice(JOBS.length + 1).replace(/\.ts$/, '')
    if (!path.endsWith('.ts') || !NAME.test(name)) {
      const message = `a job is ${JOBS}/name-of-it.ts; what is none belongs outside ${JOBS}/`
      found.diagnostics.push({ severity: 'error', file: path, message })
      continue
    }
    found.names.push(name)
    const { syntaxError, schedule } = shapes.get(path) ?? {}
    if (syntaxError) found.diagnostics.push({ severity: 'error', file: path, ...syntaxError })
    if (!schedule) continue
    const { line, column, ...written } = schedule
    const message = await whyNever(written)
    if (message !== undefined)
      found.diagnostics.push({ severity: 'error', file: path, line, column, message })
  }
  return found
}

/** Why a job with this schedule would not run, as the host would find out when it starts. */
async function whyNever({
  kind,
  text,
}: {
  kind: 'every' | 'cron'
  text: string
}): Promise<string | undefined> {
  // What is written out may be of any form: that is what is checked.
  const schedule = { [kind]: text } as unknown as JobSchedule
  await prepareFor([schedule])
  try {
    nextRun(schedule, Date.now())
    return undefined
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    return `there is no such time: ${error.message}`
  }
}
