/** One run: rows about repositories, then those about hosts, on servers of their own. */
import type { Cleanup } from './cleanup.ts'
import { type Context, describeServers } from './context.ts'
import { measureAccounts } from './hosts/accounts.ts'
import { makeTemplate } from './hosts/clone.ts'
import { measureFanout, measureReplay } from './hosts/firehose.ts'
import { measureObjects } from './hosts/objects.ts'
import { HOST_ROWS, type Options, REPO_ROWS, wants } from './options.ts'
import { progress } from './progress.ts'
import { Report } from './report/report.ts'
import { measureRepos } from './repos/run.ts'
import { startPlc } from './servers/server.ts'

/** Measures the rows that the options ask for. */
export async function run(options: Options, cleanup: Cleanup): Promise<Report> {
  const report = new Report(describeServers(options))
  const context: Context = { options, report, cleanup, plcUrl: await startPlc(cleanup) }
  // Rows about hosts need no repository of a hundred thousand records, nor the other way round.
  if (REPO_ROWS.some((row) => wants(options, row))) await measureRepos(context)
  if (!HOST_ROWS.some((row) => wants(options, row))) return report
  progress('making a host to be copied ...')
  const template = await makeTemplate(cleanup)
  const parts = [
    { rows: ['accounts'], measure: measureAccounts },
    { rows: ['fanout'], measure: measureFanout },
    { rows: ['replay'], measure: measureReplay },
    { rows: ['coldStart', 'liveObjects'], measure: measureObjects },
  ] as const
  for (const { rows, measure } of parts) {
    if (!rows.some((row) => wants(options, row))) continue
    await report.attempt(rows.join(', '), () => measure(context, template))
  }
  return report
}
