/** Where jobs run: an entrypoint of its own. Only the host's index calls it (`src/durable/jobs/runner.ts`). */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Env } from '../../contracts/env.ts'
import type { Failure } from '../../contracts/failure.ts'
import type { JobCall, JobsEntrypoint } from '../../contracts/jobs.ts'
import { jobDefinitions } from '../../kernel/job-files.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { failureOf, inBackground } from '../background.ts'
import type { JobRun } from './define.ts'

export class Jobs extends WorkerEntrypoint<Env> implements JobsEntrypoint {
  async run({ name, lastRun, attempt, timeout }: JobCall): Promise<Failure | undefined> {
    const definition = (await jobDefinitions()).definitions.get(name)
    // The release that runs now does not have it any more.
    if (!definition) return undefined
    const signal = AbortSignal.timeout(timeout)
    const failure = await failureOf(
      () =>
        inBackground(this.env, this.ctx, { job: name }, async (services, log) => {
          const last = lastRun === undefined ? undefined : new Date(lastRun)
          const run: JobRun = { services, log, lastRun: last, attempt, signal }
          await definition.run(run as never)
        }),
      timeout,
    )
    counters.noteJob(name, failure === undefined)
    return failure
  }
}
