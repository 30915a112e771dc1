/** A row of the table: one kind of request, with a number of connections. */
import type { Workload } from '../load/drive.ts'
import type { Repo } from '../load/repo.ts'
import type { RowName } from '../options.ts'
import type { ServerName } from '../servers/server.ts'

export type Unit = 'ops/s' | 'records/s' | 'MB/s'

export interface Row {
  name: RowName
  unit: Unit
  connections: number
  workload(repo: Repo): Workload
  /** Measured once, at the smallest size, because the size of the repository does not matter. */
  once?: boolean
  /** Measured on this server alone, because the other has no such thing. */
  only?: ServerName
}
