/** The aims, and what was measured held against them. */
import type { RowName } from '../options.ts'
import type { Measured } from '../stages/compare.ts'
import { judgeHosts } from './host-targets.ts'
import type { Result, RowResult, Verdict } from './result.ts'
import { least, most, TOLERANCE } from './verdict.ts'

interface RowAim {
  row: RowName
  /** Times the reference's rate. */
  ratio?: number
  /** In the row's unit. */
  rate?: number
  /** At most, in ms. */
  p50?: number
  /** Holds for a large repository: looked at in the largest one measured. */
  largest?: boolean
}

const ROW_AIMS: RowAim[] = [
  { row: 'createRecord', ratio: 6 },
  { row: 'createRecord-16', ratio: 6 },
  { row: 'getRecord-16', ratio: 4 },
  { row: 'listRecords-50', ratio: 3 },
  { row: 'listRecords-100', ratio: 3 },
  { row: 'applyWrites', rate: 10_000 },
  { row: 'getRepo', rate: 60, largest: true },
  { row: 'firehose', p50: 3 },
]
const IMPORT_RATE = 20
const ISOLATE_MB = 128
const START_SECONDS = 0.3
/** Rows that listRecords may read beyond those that it returns. */
const LIST_CONSTANT = 20

export function judge(result: Omit<Result, 'verdicts'>): Verdict[] {
  return [
    ...ROW_AIMS.flatMap((aim) => judgeRow(aim, result.rows)),
    ...judgeImports(result),
    ...(result.start?.cumulus === undefined
      ? []
      : [most('start to first answer', START_SECONDS, result.start.cumulus, 's')]),
    ...judgeCounts(result),
    ...judgeGrowth(result),
    ...judgeHosts(result),
  ]
}

function judgeRow({ row, ratio, rate, p50, largest }: RowAim, rows: RowResult[]): Verdict[] {
  const all = rows.filter((one) => one.row === row && 'rate' in (one.servers.cumulus ?? {}))
  const looked = largest ? all.slice(-1) : all
  return looked.flatMap(({ servers, size, unit }) => {
    const [ours, theirs] = [numbers(servers.cumulus), numbers(servers.reference)]
    const what = `${row}, ${size.toLocaleString('en')} records`
    if (!ours) return []
    if (p50 !== undefined) return [most(`${what}, p50`, p50, ours.p50, 'ms')]
    if (rate !== undefined) return [least(what, rate, ours.rate, unit)]
    if (ratio === undefined || !theirs) return []
    return [least(what, ratio, ours.rate / theirs.rate, '×')]
  })
}

function judgeImports({ imports }: Omit<Result, 'verdicts'>): Verdict[] {
  const done = imports.flatMap(({ size, servers: { cumulus } }) =>
    cumulus && 'rate' in cumulus ? [{ size, ...cumulus }] : [],
  )
  const largest = done.at(-1)
  if (!largest) return []
  const what = `importRepo, ${largest.size.toLocaleString('en')} records`
  return [
    least(what, IMPORT_RATE, largest.rate, 'MB/s'),
    ...(largest.isolatePeak === undefined
      ? []
      : [most(`${what}, memory of V8`, ISOLATE_MB, largest.isolatePeak, 'MB')]),
  ]
}

function judgeCounts({ counts }: Omit<Result, 'verdicts'>): Verdict[] {
  return counts.flatMap(({ size, kinds }) =>
    [50, 100].flatMap((limit) => {
      const read = kinds[`listRecords of ${limit}`]?.read
      if (read === undefined) return []
      const what = `rows read by listRecords of ${limit}, ${size.toLocaleString('en')} records`
      return [most(what, limit + LIST_CONSTANT, read, 'rows')]
    }),
  )
}

/** Cost of a createRecord may grow as the depth of the tree does: with the logarithm of the size. */
function judgeGrowth({ growth, counts }: Omit<Result, 'verdicts'>): Verdict[] {
  const times = growth.map(({ size, p50 }) => ({ size, cost: p50 }))
  const rowsOf = (side: 'read' | 'written') =>
    counts.flatMap(({ size, kinds }) => {
      const cost = kinds.createRecord?.[side]
      return cost === undefined ? [] : [{ size, cost }]
    })
  return [
    ...grows('growth of time per createRecord', times),
    ...grows('growth of rows read per createRecord', rowsOf('read')),
    ...grows('growth of rows written per createRecord', rowsOf('written')),
  ]
}

function grows(what: string, points: { size: number; cost: number }[]): Verdict[] {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || first === last) return []
  const depth = Math.log(last.size) / Math.log(first.size)
  const range = `${first.size.toLocaleString('en')} → ${last.size.toLocaleString('en')} records`
  return [most(`${what}, ${range}`, depth * TOLERANCE, last.cost / first.cost, '×')]
}

const numbers = (measured: Measured | undefined) =>
  measured && 'rate' in measured ? measured : undefined
