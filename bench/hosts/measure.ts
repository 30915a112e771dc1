/** Requests on hosts of several sizes, by turns, so that noise of the machine meets all alike. */
import type { Cleanup } from '../cleanup.ts'
import type { Options } from '../options.ts'
import type { Result } from '../report/result.ts'
import type { Reference } from '../servers/reference.ts'
import { takeTurns } from '../stages/compare.ts'
import { type Counts, countKind } from '../stages/counts.ts'
import { closeHost, type ManyHost, openClones, openReal, startClones } from './host.ts'
import { create, get, hostRows, listRepos } from './rows.ts'
import type { Template } from './template.ts'

/** Accounts that the reference is given: they take it a fifth of a second each. */
const REFERENCE_ACCOUNTS = 10

export async function measureHosts(
  template: Template,
  reference: Reference | undefined,
  options: Options,
  cleanup: Cleanup,
): Promise<Pick<Result, 'hosts' | 'hostCounts'>> {
  const ours: ManyHost[] = []
  for (const count of options.accounts) ours.push(await openClones(template, count, cleanup))
  const theirs = reference ? [await openReal(reference, REFERENCE_ACCOUNTS, cleanup)] : []
  const all = [...ours, ...theirs]
  const hosts: Result['hosts'] = []
  for (const row of hostRows) {
    const able = all.filter(({ residents }) => residents.length >= (row.atLeast ?? 0))
    const workloads = able.map((host) => row.workload(host))
    const measured = await takeTurns(workloads, 1, options.seconds, row.name)
    for (const [at, { running, residents }] of able.entries()) {
      const one = measured[at]
      if (!one) continue
      hosts.push({
        row: row.name,
        flat: row.flat,
        server: running.name,
        size: residents.length,
        measured: one,
      })
    }
  }
  for (const host of all) await closeHost(host)
  const hostCounts: Result['hostCounts'] = []
  for (const host of ours) {
    hostCounts.push({ size: host.residents.length, kinds: await count(host, cleanup) })
  }
  return { hosts, hostCounts }
}

/** Rows of one request, after a restart in development mode. */
async function count(
  { dataDirectory = '', residents }: ManyHost,
  cleanup: Cleanup,
): Promise<Record<string, Counts>> {
  const host = await startClones({ dataDirectory, residents, devMode: true }, cleanup)
  const kinds: Record<string, Counts> = {}
  for (const one of residents.slice(0, 1)) {
    const calls = {
      createRecord: () => create(one),
      getRecord: () => get(one, 1),
      'listRepos of 10': () => listRepos(10, ''),
    }
    for (const [kind, call] of Object.entries(calls)) {
      kinds[kind] = await countKind(async () => (await host.client.call(call())).headers)
    }
  }
  await closeHost(host)
  return kinds
}
