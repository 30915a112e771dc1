/** The result as text tables. */
import type { Measured } from '../stages/compare.ts'
import type { Imported } from '../stages/import.ts'
import { hostTables } from './hosts-text.ts'
import { number } from './number.ts'
import type { Result } from './result.ts'
import { table } from './table.ts'

/** Requests from which on a 99th percentile is shown. */
const ENOUGH = 100

export function text(result: Result): string {
  const { machine } = result
  const versus =
    result.rows.some(({ servers }) => servers.reference) ||
    [...result.hosts, ...result.fanout, ...result.replay].some(
      ({ server }) => server === 'reference',
    )
  return [
    `Cumulus on workerd ${machine.workerd}${versus ? `, @atproto/pds ${machine.reference} on Node ${machine.node}` : ''}`,
    `${machine.cpus} × ${machine.cpu}, client on the same machine, load ${machine.load.toFixed(1)} before, ${machine.date}`,
    ...result.sizes.flatMap((size) => rates(result, size)),
    ...imports(result),
    ...server(result),
    ...counts(result),
    ...hostTables(result),
    ...verdicts(result),
  ].join('\n')
}

function rates({ rows }: Result, size: number): string[] {
  const here = rows.filter((row) => row.size === size)
  if (here.length === 0) return []
  const head = ['', 'Cumulus', 'p50', 'p99', 'reference', 'p50', 'p99', 'ratio']
  const lines = here.map(({ row, unit, servers }) => [
    row,
    ...cells(servers.cumulus, unit),
    ...cells(servers.reference, unit),
    ratio(servers.cumulus, servers.reference),
  ])
  return [
    '',
    `${size.toLocaleString('en')} records (p50 and p99 in ms per request)`,
    table(head, lines),
  ]
}

function cells(measured: Measured | undefined, unit: string): string[] {
  if (!measured) return ['–', '', '']
  if (!('rate' in measured)) return [problem(measured), '', '']
  const { rate, p50, p99, requests } = measured
  // Of fewer requests the 99th percentile is the slowest one, which says nothing.
  return [`${number(rate)} ${unit}`, number(p50), requests < ENOUGH ? '–' : number(p99)]
}

function ratio(ours: Measured | undefined, theirs: Measured | undefined): string {
  if (!ours || !theirs || !('rate' in ours) || !('rate' in theirs)) return ''
  return `${(ours.rate / theirs.rate).toFixed(1)} ×`
}

function imports({ imports }: Result): string[] {
  const lines = imports.flatMap(({ size, servers }) =>
    (['cumulus', 'reference'] as const).flatMap((name) => {
      const imported = servers[name]
      return imported ? [[size.toLocaleString('en'), name, ...importCells(imported)]] : []
    }),
  )
  if (lines.length === 0) return []
  const head = ['records', '', 'MB', 'seconds', 'MB/s', 'process before', 'peak', 'V8 peak']
  return [
    '',
    'importRepo into an empty account of a fresh process (memory in MB)',
    table(head, lines),
  ]
}

function importCells(imported: Imported): string[] {
  if (!('rate' in imported)) return [problem(imported)]
  const { mb, seconds, rate, memoryBefore, memoryPeak, isolatePeak } = imported
  const peak = isolatePeak === undefined ? '–' : isolatePeak.toFixed(0)
  return [...[mb, seconds, rate].map(number), memoryBefore.toFixed(0), memoryPeak.toFixed(0), peak]
}

function server({ start, bundle, memory }: Result): string[] {
  const lines: string[][] = []
  const pair = (values: { cumulus?: number; reference?: number }, digits: number, unit: string) =>
    [values.cumulus, values.reference].map((value) =>
      value === undefined ? '–' : `${value.toFixed(digits)} ${unit}`,
    )
  if (start) lines.push(['start to first answer', ...pair(start, 2, 's')])
  if (memory.cumulus) lines.push(['peak memory under load', ...pair(memory, 0, 'MB')])
  if (bundle) {
    const size = `${bundle.plain.toFixed(0)} KiB, ${bundle.gzip.toFixed(0)} KiB gzip`
    lines.push(['bundle', size, '–'])
  }
  return lines.length === 0 ? [] : ['', table(['', 'Cumulus', 'reference'], lines)]
}

function counts({ counts }: Result): string[] {
  const kinds = Object.keys(counts[0]?.kinds ?? {})
  if (kinds.length === 0) return []
  const head = ['', ...counts.map(({ size }) => `${size.toLocaleString('en')} records`)]
  const lines = kinds.map((kind) => [
    kind,
    ...counts.map(({ kinds }) => `${kinds[kind]?.read ?? '–'} / ${kinds[kind]?.written ?? '–'}`),
  ])
  return ['', 'Rows read / written by one request of Cumulus', table(head, lines)]
}

function verdicts({ verdicts }: Result): string[] {
  if (verdicts.length === 0) return []
  const lines = verdicts.map(({ what, aim, measured, met, missedBy }) => [
    what,
    aim,
    measured,
    met ? 'met' : `missed by ${(missedBy ?? 0).toFixed(0)} %`,
  ])
  return ['', table(['aim', '', 'measured', ''], lines)]
}

const problem = (measured: { skipped: string } | { failed: string }): string =>
  'skipped' in measured ? `skipped: ${measured.skipped}` : 'failed (see above)'
