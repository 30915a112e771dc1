/** The row "counts": SQLite rows of one request, by the size of the repository. */
import type { Context } from '../context.ts'
import { countRows } from '../load/count.ts'
import { type Host, startHost, stopHost } from '../load/host.ts'
import type { Repo } from '../load/repo.ts'
import { rows } from '../load/rows.ts'
import { targetsOf } from '../load/targets.ts'
import { AIMS, type Costs, checkGrowth } from '../report/targets.ts'
import { Cumulus } from '../servers/cumulus.ts'
import type { Subject } from './import.ts'

/** SQLite rows of one request, on every repository of a Cumulus that is not running. */
export async function measureCounts(context: Context, { server, repos }: Subject): Promise<void> {
  const { report, cleanup } = context
  if (!(server instanceof Cumulus)) return
  const host = await startHost(server.with({ devMode: true }), cleanup, repos)
  const targets = targetsOf(bySize(context, host), ({ running }) => running)
  const counts = await countRows(context, server.name, rows, targets)
  await stopHost(host)
  if (server.kind !== 'cumulus') return
  for (const limit of [50, 100]) {
    for (const [records, { read }] of counts.get(`listRecords-${limit}`) ?? []) {
      const what = `rows read by listRecords-${limit}, ${records}`
      report.check(what, '≤', limit + AIMS.listOverhead, read, 'rows')
    }
  }
  const created = [...targets.keys()].map((name) => counts.get('createRecord')?.get(name))
  for (const what of ['read', 'written'] as const) {
    const costs = created.map((one) => one?.[what])
    checkTreeGrowth(context, `rows ${what}`, costs)
  }
}

/** A host's repositories by how many records they have, in words. */
export const bySize = ({ options }: Context, { repos }: Host): Map<string, Repo> =>
  new Map(repos.map((repo, at) => [`${options.sizes[at]?.toLocaleString('en')} records`, repo]))

/** Cost may grow as the depth of the tree does: with the logarithm of the number of records. */
export function checkTreeGrowth({ options, report }: Context, cost: string, costs: Costs): void {
  const what = `growth of ${cost} per createRecord`
  checkGrowth(report, what, 'records', options.sizes, costs, Math.log)
}
