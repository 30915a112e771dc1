/** What a run measured, as `--json` prints it. */
import type { Fanout } from '../firehose/fanout.ts'
import type { Replay } from '../firehose/replay.ts'
import type { ColdStart, LiveObjects } from '../hosts/objects.ts'
import type { RowName } from '../options.ts'
import type { Unit } from '../rows/row.ts'
import type { ServerName } from '../servers/server.ts'
import type { Comparison, Measured } from '../stages/compare.ts'
import type { Counts } from '../stages/counts.ts'
import type { Imported } from '../stages/import.ts'

export interface RowResult {
  row: RowName
  /** Records in the repository. */
  size: number
  unit: Unit
  servers: Comparison
}

export interface ImportResult {
  size: number
  servers: Partial<Record<ServerName, Imported>>
}

export interface Result {
  machine: {
    date: string
    node: string
    workerd: string
    reference: string
    cpu: string
    cpus: number
    /** Load average of the last minute before the run: what else the machine was doing. */
    load: number
  }
  sizes: number[]
  rows: RowResult[]
  imports: ImportResult[]
  /** Seconds to the first answer. */
  start?: Partial<Record<ServerName, number>>
  /** KiB. */
  bundle?: { plain: number; gzip: number }
  /** Largest resident size under load, in MB. */
  memory: Partial<Record<ServerName, number>>
  /** Of createRecord on Cumulus, sizes by turns; ms. */
  growth: { size: number; p50: number }[]
  /** Rows per request, by size and kind. */
  counts: { size: number; kinds: Record<string, Counts> }[]
  /** Requests on hosts of several sizes; `flat`: they must take the same time on all. */
  hosts: { row: string; flat: boolean; server: ServerName; size: number; measured: Measured }[]
  /** Rows per request, by number of accounts and kind. */
  hostCounts: { size: number; kinds: Record<string, Counts> }[]
  fanout: Fanout[]
  replay: Replay[]
  coldStart?: ColdStart[]
  liveObjects?: LiveObjects
  /** What went wrong, in words. */
  failures: string[]
  verdicts: Verdict[]
}

/** One aim, and how it came out. */
export interface Verdict {
  what: string
  aim: string
  measured: string
  met: boolean
  /** By how many per cent of the aim it was missed. */
  missedBy?: number
}
