/** Rows on several repositories, or hosts: throughput, latency, SQLite rows of a request. */
import type { Context } from '../context.ts'
import type { Cell } from '../report/report.ts'
import { Xrpc } from './client.ts'
import { interleave, median, type Stats, type Workload } from './drive.ts'

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
}

/** A row of single operations on one connection, unless `more` has something else. */
export const row = <T, Name extends string>(
  name: Name,
  workload: Row<T>['workload'],
  more: Partial<Row<T>> = {},
): Row<T> & { name: Name } => ({ unit: 'ops/s', connections: 1, ...more, name, workload })

/** SQLite rows; not a number where the server does not report them. */
export interface Counts {
  read: number
  written: number
}

/** Results by row, in the order of the targets. */
type ByRow<Result> = Map<string, (Result | undefined)[]>

/** Requests of a kind whose SQLite rows are counted; the median counts. */
const COUNTED = 15

/** Measures each row on all targets, interleaved, into a table, with the ratio of two. */
export function measureRows<T>(
  { options, report }: Context,
  title: string,
  rows: Row<T>[],
  targets: Map<string, T>,
): Promise<ByRow<Stats>> {
  const columns = [...targets.keys()].flatMap((name) => [name, 'p50', 'p99'])
  if (targets.size === 2) columns.push('ratio')
  const addLine = report.table(`${title} (p50 and p99 in ms)`, ['', 'unit', ...columns])
  return forEach(report, title, rows, targets, {
    measure: ({ connections, name }, workloads) =>
      interleave(workloads, connections, options.seconds, `${name}, ${title}`),
    print({ name, unit }, stats) {
      const [first = Number.NaN, second = Number.NaN] = stats.map((one) => one?.rate)
      const cells: Cell[] = stats.flatMap((one) => [one?.rate, one?.p50, one?.p99])
      if (stats.length === 2) cells.push(first / second)
      addLine([name, unit, ...cells])
    },
  })
}

/** Counts the SQLite rows of one request, in development mode, into a table. */
export function countRows<T>(
  { report }: Context,
  title: string,
  rows: Row<T>[],
  targets: Map<string, T>,
): Promise<ByRow<Counts>> {
  const columns = [...targets.keys()].flatMap((name) => [`${name}: read`, 'written'])
  const addLine = report.table(`SQLite rows of one request, ${title}`, ['', ...columns])
  const counted = rows.filter((row) => row.counted)
  return forEach(report, title, counted, targets, {
    async measure(_, workloads) {
      const counts: Counts[] = []
      for (const workload of workloads) counts.push(await count(workload))
      return counts
    },
    print: ({ name }, counts) =>
      addLine([name, ...counts.flatMap((one): Cell[] => [one?.read, one?.written])]),
  })
}

/** Measures and prints each row; one that fails is noted and left out. */
async function forEach<T, Result>(
  report: Context['report'],
  title: string,
  rows: Row<T>[],
  targets: Map<string, T>,
  what: {
    measure(row: Row<T>, workloads: Workload[]): Promise<Result[]>
    print(row: Row<T>, results: (Result | undefined)[]): void
  },
): Promise<ByRow<Result>> {
  const byRow: ByRow<Result> = new Map()
  for (const row of rows) {
    await report.attempt(`${row.name}, ${title}`, async () => {
      const workloads = [...targets.values()].map((target) => row.workload(target))
      const able = workloads.filter((workload) => workload !== undefined)
      const results = await what.measure(row, able)
      const all = workloads.map((workload) => workload && results[able.indexOf(workload)])
      byRow.set(row.name, all)
      what.print(row, all)
    })
  }
  return byRow
}

async function count({ before, next, after }: Workload): Promise<Counts> {
  const read: number[] = []
  const written: number[] = []
  await before?.()
  for (let request = 0; request < COUNTED; request += 1) {
    await next()
    read.push(Number(Xrpc.headers['x-cumulus-rows-read']))
    written.push(Number(Xrpc.headers['x-cumulus-rows-written']))
  }
  await after?.()
  return { read: median(read), written: median(written) }
}
