/** How the objects are doing that share what is looked up about accounts. */
import type { CopyPosition } from '../storage/directory/account-changes.ts'
import type { Answer } from './answer.ts'

/** What one of them says of its copy. */
export interface CopyReport {
  /** Names that it answers for. */
  names: number
  /** Of its database. */
  bytes: number
  /** Up to which change it has everything; undefined: nobody has asked it for anything yet. */
  position: CopyPosition | undefined
  /** While all accounts are copied: how many were looked through, and when the last of those were, in ms since the epoch. */
  copying: { looked: number; at: number } | undefined
}

/** How far a copy is behind the directory. */
export interface CopyLag {
  /** Changes of accounts that it has not taken over. */
  changes: number
  /** When the oldest of them was made, in ms since the epoch. */
  since: number | undefined
}

export interface ChangesReport {
  /** Of the directory's own database. */
  bytes: number
  /** In the order of the positions; undefined: it has to copy everything anew. */
  lags: (CopyLag | undefined)[]
}

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
  /** Asks nobody. Reads a row for each name. */
  report(): Answer<CopyReport>
}
