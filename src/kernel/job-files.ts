/** The project's jobs (`src/jobs/`), as the runtime holds them. The generated tree hands them over once. */
import { type LoadedFiles, loadFiles, type ProjectFiles } from './project-files.ts'

/** When a job runs: after so long each time, or by a cron expression, in UTC. */
export type JobSchedule =
  | {
      readonly every: `${number} ${'minute' | 'hour' | 'day'}${'' | 's'}`
      readonly cron?: undefined
    }
  | { readonly cron: string; readonly every?: undefined }

/** The default export of a job file, without the type of what its run is given. */
export type AnyJobDefinition = JobSchedule & {
  run(run: never): unknown
  /** ms */
  timeout?: number
}

export type JobFiles = ProjectFiles<AnyJobDefinition>

export type JobDefinitions = LoadedFiles<AnyJobDefinition>

export const NO_JOBS: JobDefinitions = { definitions: new Map(), failed: new Map() }

let files: JobFiles = {}
let loaded: Promise<JobDefinitions> | undefined

/** Registers the files of the project. */
export function useJobFiles(table: JobFiles): void {
  files = table
  loaded = undefined
}

export const hasJobs = (): boolean => Object.keys(files).length > 0

export const jobNames = (): string[] => Object.keys(files)

/** All definitions, loaded once per isolate, and what could not be loaded. */
export function jobDefinitions(): Promise<JobDefinitions> {
  loaded ??= loadFiles(files, (name) => `src/jobs/${name}.ts`)
  return loaded
}
