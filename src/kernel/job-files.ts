/** The project's jobs (`src/jobs/`), as the runtime holds them. The generated tree hands them over once. */

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

export type JobFiles = Readonly<Record<string, { load(): Promise<{ default: AnyJobDefinition }> }>>

let files: JobFiles = {}
let loaded: Promise<ReadonlyMap<string, AnyJobDefinition>> | undefined

/** Registers the files of the project. */
export function useJobFiles(table: JobFiles): void {
  files = table
  loaded = undefined
}

export const hasJobs = (): boolean => Object.keys(files).length > 0

export const jobNames = (): string[] => Object.keys(files)

/** All definitions, loaded once per isolate. */
export function jobDefinitions(): Promise<ReadonlyMap<string, AnyJobDefinition>> {
  loaded ??= Promise.all(
    Object.entries(files).map(async ([name, file]) => [name, (await file.load()).default] as const),
  ).then((all) => new Map(all))
  return loaded
}
