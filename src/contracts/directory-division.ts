/** How the objects are doing that share what is looked up about accounts. */
import type { CopyLag } from '../storage/directory/account-changes.ts'
import type { CopyReport } from '../storage/directory/copied-accounts.ts'
import type { Answer } from './answer.ts'

export type { ChangesReport, CopyLag } from '../storage/directory/account-changes.ts'
export type { CopyReport } from '../storage/directory/copied-accounts.ts'

/** An object as the operator is told of it. */
export interface DivisionState extends Pick<CopyReport, 'names' | 'bytes' | 'copying'> {
  /** False: it did not within some seconds, and nothing else is known. */
  answers: boolean
  /** Whether all accounts are copied, so that it answers by itself. */
  complete: boolean
  lag: CopyLag | undefined
}

/** The directory, and the objects that share in it; none: it answers everything itself. */
export interface DirectoryReport {
  bytes: number
  shards: DivisionState[]
}

export interface CopyRpc {
  /** Asks nobody. Reads a row for each name, once an hour. */
  report(): Answer<CopyReport>
}
