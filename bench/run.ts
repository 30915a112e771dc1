/** One run: rows about repositories, then those about hosts, on servers of their own. */
import type { Cleanup } from './cleanup.ts'
import { measureCodegen } from './codegen.ts'
import { type Context, describeServers, openForeign } from './context.ts'
import { measureAccounts } from './hosts/accounts.ts'
import { makeTemplate } from './hosts/clone.ts'
import { measureFanout } from './hosts/firehose.ts'
import { measureObjects } from './hosts/objects.ts'
import { measureProxy } from './hosts/proxy.ts'
import { measureReplay } from './hosts/replay.ts'
import { type Options, REPO_ROWS, type RowName, wants } from './options.ts'
import { progress } from './progress.ts'
import { Report } from './report/report.ts'
import { measureRepos } from './repos/run.ts'
import { startPlc } from './servers/server.ts'

interface Part {
  rows: readonly RowName[]
  measure(context: Context): Promise<void>
}

/** Rows about hosts need no repository of a hundred thousand records, nor the other way round. */
const PARTS: Part[] = [
  { rows: REPO_ROWS, measure: measureRepos },
  { rows: ['fanout'], measure: measureFanout },
  { rows: ['replay'], measure: measureReplay },
  { rows: ['proxy'], measure: measureProxy },
  { rows: ['accounts', 'coldStart', 'liveObjects'], measure: measureCopies },
  { rows: ['codegen'], measure: measureCodegen },
]

/** Measures the rows that the options ask for. */
export async function run(options: Options, cleanup: Cleanup): Promise<Report> {
  const report = new Report(describeServers(options))
  const plcUrl = await startPlc(cleanup, options.plcPort)
  const foreign = await openForeign(options.baselines)
  const context: Context = { options, report, cleanup, plcUrl, foreign }
  for (const { rows, measure } of PARTS) {
    const wanted = rows.filter((row) => wants(options, row))
    if (wanted.length === 0) continue
    const start = performance.now()
    await report.attempt(wanted.join(', '), () => measure(context))
    progress(`${wanted.join(', ')}: ${((performance.now() - start) / 1000).toFixed(0)} s`)
  }
  return report
}

/** Rows about hosts of many accounts, which are copies of one. */
async function measureCopies(context: Context): Promise<void> {
  const { options, report, cleanup } = context
  progress('making a host to be copied ...')
  const template = await makeTemplate(cleanup)
  if (wants(options, 'accounts')) {
    await report.attempt('accounts', () => measureAccounts(context, template))
  }
  if (!wants(options, 'coldStart') && !wants(options, 'liveObjects')) return
  await report.attempt('coldStart, liveObjects', () => measureObjects(context, template))
}
