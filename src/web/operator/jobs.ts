/** What `cumulus jobs` asks. */
import { Hono } from 'hono'
import { hasJobs } from '../../kernel/job-files.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { asOperator, type CommandEnv } from './command-context.ts'

/** Below `/operator/`, whose middleware has let the operator in. */
export const jobCommands = new Hono<CommandEnv>()
  /** `{jobs}` out: how each is doing. */
  .post('/operator/jobs', async (c) => {
    if (!hasJobs()) return c.json({ jobs: [] })
    return c.json({ jobs: await c.env.services.hostIndex.jobs.list() })
  })
  /** `{name}` in; that one runs now. */
  .post('/operator/jobs/run', async (c) => {
    const name = textOf((await jsonBody(c)).name)
    await asOperator(c, 'run job', { ref: name }, () => c.env.services.hostIndex.jobs.start(name))
    return c.json({})
  })
