/** The project's jobs, as the host's index runs them. */

import type { JobState } from '../storage/index/job-state.ts'
import type { Answer } from './answer.ts'
import type { Failure } from './failure.ts'

export type { JobState }

export interface JobsRpc {
  /** Makes sure that the object knows of the jobs of this release. */
  wake(): Answer<void>
  list(): Answer<JobState[]>
  /** Has one run now, whatever its schedule. @throws StorageError `InvalidRequest` where there is none of the name */
  start(name: string): Answer<void>
}

export interface JobCall {
  name: string
  /** ms since the epoch */
  lastRun: number | undefined
  attempt: number
  /** ms */
  timeout: number
}

/** The entrypoint in which jobs run. */
export interface JobsEntrypoint {
  /** @returns why it failed; undefined: it did not */
  run(call: JobCall): Promise<Failure | undefined>
}
