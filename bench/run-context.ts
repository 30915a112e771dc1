/** What the parts of a run share. */
import type { Cleanup } from './cleanup.ts'
import type { Options } from './options.ts'
import type { Result } from './report/result.ts'

export interface Run {
  options: Options
  /** Goes away with the run. */
  folder: string
  /** The PLC directory. */
  plcUrl: string
  result: Omit<Result, 'verdicts'>
  /** Does a part of the run, and notes when it fails. */
  attempt(stage: string, work: () => Promise<void>): Promise<void>
  cleanup: Cleanup
}
