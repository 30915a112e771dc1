/** Rows, whom they are measured on, and how a table of them is gone through. */
import { progress } from '../progress.ts'
import type { Report } from '../report/report.ts'
import type { FloorCall } from '../servers/floor.ts'
import type { Running } from '../servers/server.ts'
import type { Workload } from './drive.ts'

/** A row of a table: one kind of request to a `T`, with a number of connections. */
export interface Row<T> {
  name: string
  unit: 'ops/s' | 'records/s' | 'MB/s'
  connections: number
  /** Undefined where it cannot be measured. */
  workload(target: T): Workload | undefined
  /** Measured at the smallest size only, because the size of the repository does not matter. */
  once?: boolean
  /** It is the same work on hosts of all sizes, so that it must take the same time. */
  flat?: boolean
  /** Its SQLite rows are counted too. */
  counted?: boolean
  /** What the least is that a Worker has to do for it. */
  floor?: FloorCall
  /** What servers are compared by (default: `rate`). */
  figure?: 'rate' | 'p50'
}

/** A row of single operations on one connection, unless `more` has something else. */
export const row = <T, Name extends string>(
  name: Name,
  workload: Row<T>['workload'],
  more: Partial<Row<T>> = {},
): Row<T> & { name: Name } => ({ unit: 'ops/s', connections: 1, ...more, name, workload })

/** One that rows are measured on. */
export interface Target<T> {
  workload(row: Row<T>): Workload | undefined
  /** Undefined: what answers is no server of ours to look into. */
  running?: Running | undefined
}

/** Repositories or hosts as targets. */
export const targetsOf = <T>(
  all: ReadonlyMap<string, T>,
  runningOf: (target: T) => Running,
): Map<string, Target<T>> =>
  new Map(
    [...all].map(([name, target]) => [
      name,
      { workload: (row: Row<T>) => row.workload(target), running: runningOf(target) },
    ]),
  )

/** Results by row, and by the names of the targets. */
export type ByRow<Result> = Map<string, Map<string, Result>>

/** Measures and prints each row; one that fails is noted and left out. */
export async function forEach<T, Result>(
  report: Report,
  title: string,
  rows: Row<T>[],
  targets: Map<string, Target<T>>,
  what: {
    measure(row: Row<T>, able: { workload: Workload; target: Target<T> }[]): Promise<Result[]>
    print(row: Row<T>, results: Map<string, Result>): void
  },
): Promise<ByRow<Result>> {
  const byRow: ByRow<Result> = new Map()
  for (const row of rows) {
    await report.attempt(`${row.name}, ${title}`, async () => {
      const able: { name: string; workload: Workload; target: Target<T> }[] = []
      for (const [name, target] of targets) {
        const workload = target.workload(row)
        if (workload && (await isAble(target, workload, row.name))) {
          able.push({ name, workload, target })
        }
      }
      if (able.length === 0) return
      const results = await what.measure(row, able)
      const named = new Map(
        able.flatMap(({ name }, at) => {
          const result = results[at]
          return result === undefined ? [] : [[name, result] as const]
        }),
      )
      byRow.set(row.name, named)
      what.print(row, named)
    })
  }
  return byRow
}

/** Whether a server of somebody else answers such a request at all: then the row is left out for it. */
async function isAble<T>(
  { running }: Target<T>,
  { before, next, after }: Workload,
  name: string,
): Promise<boolean> {
  if (running?.server.kind !== 'foreign') return true
  try {
    await before?.()
    await next()
    await after?.()
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    progress(`${name} is left out for ${running.server.name}: ${reason}`)
    return false
  }
}
