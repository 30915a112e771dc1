/** Rows on several repositories, or hosts: throughput, latency, CPU. */
import type { Context } from '../context.ts'
import { type Cell, percent } from '../report/text.ts'
import { cpuTime } from '../servers/process.ts'
import { interleave, type Stats, stats } from './drive.ts'
import { type Figure, ratio } from './spread.ts'
import { type ByRow, forEach, type Row, type Target } from './targets.ts'

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
