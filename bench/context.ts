/** What the parts of a run share. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../cli/host/bundle.ts'
import type { RawSettings } from '../src/kernel/config/settings.ts'
import type { Baseline } from './against.ts'
import type { Cleanup } from './cleanup.ts'
import type { Options } from './options.ts'
import type { Report } from './report/report.ts'
import { Cumulus } from './servers/cumulus.ts'
import { ForeignServer } from './servers/foreign.ts'
import { reference } from './servers/reference.ts'
import type { Server } from './servers/server.ts'

export interface Context {
  options: Options
  /** URL of the PLC directory. */
  plcUrl: string
  /** Those that bring their own data. */
  foreign: ForeignServer[]
  report: Report
  cleanup: Cleanup
}

/** The Cumulus that is measured, and what it is compared with; ours, the reference and checkouts with a new data folder each. */
export const newServers = (context: Context, settings?: RawSettings): [Cumulus, ...Server[]] => [
  new Cumulus({
    dataDirectory: context.cleanup.folder(),
    plcUrl: context.plcUrl,
    ...(settings && { settings }),
  }),
  ...baselinesOf(context, settings),
  ...context.foreign,
]

/** What Cumulus is compared with and the benchmark makes new each time. */
export function baselinesOf(context: Context, settings?: RawSettings): Server[] {
  const { options, plcUrl, cleanup } = context
  return options.baselines.flatMap((baseline): Server[] => {
    const dataDirectory = cleanup.folder()
    if (baseline.kind === 'reference') return [reference(dataDirectory, plcUrl, settings)]
    if (baseline.kind === 'foreign') return []
    const { folder: checkout, name } = baseline
    return [new Cumulus({ dataDirectory, plcUrl, checkout, name, ...(settings && { settings }) })]
  })
}

/** Finds out about those that run already. */
export const openForeign = (baselines: readonly Baseline[]): Promise<ForeignServer[]> =>
  Promise.all(baselines.flatMap((one) => (one.kind === 'foreign' ? [ForeignServer.open(one)] : [])))

/** All in words, with versions. */
export const describeServers = ({ baselines }: Options): string[] => [
  `cumulus on workerd ${version(ROOT, 'workerd')}`,
  ...baselines.map((baseline) => {
    if (baseline.kind === 'foreign') return `${baseline.name}: ${baseline.origin}`
    if (baseline.kind === 'checkout') return `${baseline.name}: ${baseline.folder}`
    const pds = version(join(ROOT, 'bench'), '@atproto/pds')
    return `reference: @atproto/pds ${pds} on Node ${process.versions.node}`
  }),
]

/** Of a package that is installed in a folder. */
function version(folder: string, name: string): string {
  const path = join(folder, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
