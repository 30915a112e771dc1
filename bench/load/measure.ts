/** Rows on several repositories, or hosts: throughput, latency, CPU, SQLite rows of a request. */
import type { Context } from '../context.ts'
import { progress } from '../progress.ts'
import { type Cell, percent } from '../report/text.ts'
import type { FloorCall } from '../servers/floor.ts'
import { cpuTime } from '../servers/process.ts'
import type { Running } from '../servers/server.ts'
import { Xrpc } from './client.ts'
import { interleave, type Stats, stats, type Workload } from './drive.ts'
import { type Figure, median, ratio } from './spread.ts'

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

/** SQLite rows; not a number where the server does not report them. */
export interface Counts {
  read: number
  written: number
}

/** Results by row, and by the names of the targets. */
export type ByRow<Result> = Map<string, Map<string, Result>>

/** Requests of a kind whose SQLite rows are counted; the median counts. */
const COUNTED = 15

/** Measures each row on all targets, in turns, into a table. */
export function measureRows<T>(
  { options, report }: Context,
  title: string,
  rows: Row<T>[],
  targets: Map<string, Target<T>>,
): Promise<ByRow<Stats>> {
  const [ours = ''] = targets.keys()
  const addLine = report.table(
    `${title}: the middle of all rounds, ± half of the interval that it is in; latencies and CPU per request in ms; how many ` +
      `times better ${ours} is`,
    ['', '', 'unit', 'rate', '±', 'p50', 'p99', 'CPU', '±', 'CPU of client', 'times', '±'],
  )
  return forEach(report, title, rows, targets, {
    async measure({ connections, name }, able) {
      const driven = able.map(({ workload, target: { running } }) => {
        const root = running?.root
        return { workload, cpu: root === undefined ? undefined : () => cpuTime(root) }
      })
      const label = `${name}, ${title}`
      return (await interleave(driven, connections, options.pace, label)).map(stats)
    },
    print(row, results) {
      const first = results.get(ours)
      let name = row.name
      for (const [target, { rate, p50, p99, cpu, clientCpu, ...rest }] of results) {
        const one = { rate, p50, p99, cpu, clientCpu, ...rest }
        const times = first && target !== ours ? compared(row, first, one) : undefined
        addLine([
          ...[name, target, row.unit],
          ...[...cells(rate), p50, p99],
          ...[...cells(cpu), clientCpu, ...cells(times)],
        ])
        name = ''
      }
    },
  })
}

const cells = (value: Figure | undefined): Cell[] =>
  value ? [value.value, percent(value.spread)] : [undefined, undefined]

/** How many times better the first server is. */
export const compared = (
  { figure = 'rate' }: Pick<Row<unknown>, 'figure'>,
  first: Stats,
  second: Stats,
): Figure => (figure === 'rate' ? ratio(first.rates, second.rates) : ratio(second.p50s, first.p50s))

/** Counts the SQLite rows of one request, in development mode, into a table. */
export function countRows<T>(
  { report }: Context,
  title: string,
  rows: Row<T>[],
  targets: Map<string, Target<T>>,
): Promise<ByRow<Counts>> {
  const columns = [...targets.keys()].flatMap((name) => [`${name}: read`, 'written'])
  const addLine = report.table(`SQLite rows of one request, ${title}`, ['', ...columns])
  const counted = rows.filter((row) => row.counted)
  return forEach(report, title, counted, targets, {
    async measure(_, able) {
      const counts: Counts[] = []
      for (const { workload } of able) counts.push(await count(workload))
      return counts
    },
    print: ({ name }, counts) =>
      addLine([
        name,
        ...[...targets.keys()].flatMap((target): Cell[] => {
          const { read, written } = counts.get(target) ?? {}
          return [read, written]
        }),
      ]),
  })
}

/** Measures and prints each row; one that fails is noted and left out. */
async function forEach<T, Result>(
  report: Context['report'],
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
