/** SQLite rows of one request. */
import type { Context } from '../context.ts'
import type { Cell } from '../report/text.ts'
import { Xrpc } from './client.ts'
import type { Workload } from './drive.ts'
import { median } from './spread.ts'
import { type ByRow, forEach, type Row, type Target } from './targets.ts'

/** SQLite rows; not a number where the server does not report them. */
export interface Counts {
  read: number
  written: number
}

/** Requests of a kind whose SQLite rows are counted; the median counts. */
const COUNTED = 15

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
