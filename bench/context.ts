/** What the parts of a run share. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../cli/host/bundle.ts'
import type { Cleanup } from './cleanup.ts'
import type { Options } from './options.ts'
import type { Report } from './report/report.ts'
import { Cumulus } from './servers/cumulus.ts'
import { reference } from './servers/reference.ts'
import type { Server } from './servers/server.ts'

export interface Context {
  options: Options
  /** URL of the PLC directory. */
  plcUrl: string
  report: Report
  cleanup: Cleanup
}

/** The Cumulus that is measured, and what it is compared with, each with a new data folder. */
export function newServers({ options, plcUrl, cleanup }: Context): [Cumulus, ...Server[]] {
  const { baseline } = options
  const ours = new Cumulus({ dataDirectory: cleanup.folder(), plcUrl })
  if (baseline === undefined) return [ours]
  const dataDirectory = cleanup.folder()
  if (baseline === 'reference') return [ours, reference(dataDirectory, plcUrl)]
  return [ours, new Cumulus({ dataDirectory, plcUrl, checkout: baseline.checkout })]
}

/** Both in words, with versions. */
export function describeServers({ baseline }: Options): string[] {
  const ours = `cumulus on workerd ${version(ROOT, 'workerd')}`
  if (baseline === undefined) return [ours]
  if (baseline === 'reference') {
    const pds = version(join(ROOT, 'bench'), '@atproto/pds')
    return [ours, `reference: @atproto/pds ${pds} on Node ${process.versions.node}`]
  }
  return [ours, `other: ${baseline.checkout}`]
}

/** Of a package that is installed in a folder. */
function version(folder: string, name: string): string {
  const path = join(folder, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
