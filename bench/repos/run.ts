/** The rows that are about repositories of several sizes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ROOT } from '../../cli/host/bundle.ts'
import type { Cleanup } from '../cleanup.ts'
import { type Context, newServers } from '../context.ts'
import { median } from '../load/drive.ts'
import { type Host, startHost, stopHost } from '../load/host.ts'
import { countRows, measureRows } from '../load/measure.ts'
import type { Repo } from '../load/repo.ts'
import { rows } from '../load/rows.ts'
import { wants } from '../options.ts'
import { progress } from '../progress.ts'
import { type Costs, checkGrowth, ROW_TARGETS, TARGETS } from '../report/targets.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { peakMemory } from '../servers/process.ts'
import type { Server } from '../servers/server.ts'
import { measureImports, openSubject, type Subject } from './import.ts'

/** Filling the reference further would take minutes. */
const REFERENCE_UP_TO = 10_000
const STARTS = 5

/** Measures repositories of all sizes, then what needs the servers restarted. */
export async function measureRepos(context: Context): Promise<void> {
  const { options, report, cleanup } = context
  progress('starting the servers ...')
  const subjects: Subject[] = []
  for (const server of newServers(context)) {
    const most = server.name === 'reference' ? REFERENCE_UP_TO : Number.POSITIVE_INFINITY
    const sizes = options.sizes.filter((size) => size <= most)
    if (sizes.length > 0) subjects.push(await openSubject(server, sizes.length, cleanup))
  }
  for (const [at, size] of options.sizes.entries()) {
    await report.attempt(`${size} records`, () => measureSize(context, subjects, at))
  }
  if (wants(options, 'createRecord')) {
    await report.attempt('growth', () => measureGrowth(context, subjects))
  }
  const names = subjects.map(({ server }) => server.name)
  const addLine = report.table('Servers', ['', 'unit', ...names])
  const peaks = subjects.map(({ running }) => Math.round(peakMemory(running.pid)))
  addLine(['peak memory under load', 'MB', ...peaks])
  for (const subject of subjects) await stopHost(subject)
  if (wants(options, 'start')) {
    await report.attempt('start', async () => {
      const times = await startTimes(subjects, cleanup)
      addLine(['start to first answer', 's', ...times])
      report.check('start to first answer', '≤', TARGETS.startSeconds, times[0], 's')
    })
  }
  if (wants(options, 'bundle')) {
    const bundles = subjects.map(({ server }) => bundleOf(server))
    addLine(['bundle', 'KiB', ...bundles.map((code) => code && code.byteLength / 1024)])
    const gzipped = bundles.map((code) => code && gzipSync(code).byteLength / 1024)
    addLine(['bundle, gzip', 'KiB', ...gzipped])
  }
  if (wants(options, 'importRepo')) {
    await report.attempt('importRepo', () => measureImports(context, subjects))
  }
  for (const subject of wants(options, 'counts') ? subjects : []) {
    await report.attempt('counts', () => measureCounts(context, subject))
  }
}

/** Fills the repositories, measures, and exports them when they are to be imported later. */
async function measureSize(context: Context, subjects: Subject[], at: number): Promise<void> {
  const { options, report } = context
  const size = options.sizes[at] ?? 0
  const wanted = rows.filter(({ name, once }) => wants(options, name) && (!once || at === 0))
  const repos = new Map<string, Repo>()
  for (const subject of subjects) {
    const repo = subject.repos[at]
    await repo?.restore(size)
    if (repo) repos.set(subject.server.name, repo)
  }
  const records = `${size.toLocaleString('en')} records`
  const results = await measureRows(context, records, wanted, repos)
  for (const { name, unit } of wanted) {
    const { ratio, rate, p50, largest } = ROW_TARGETS[name] ?? {}
    const [ours, baseline] = results.get(name) ?? []
    if (!ours || (largest && size !== options.sizes.at(-1))) continue
    if (p50) report.check(`${name}, ${records}, p50`, '≤', p50, ours.p50, 'ms')
    if (rate) report.check(`${name}, ${records}`, '≥', rate, ours.rate, unit)
    if (!ratio || !baseline || options.baseline !== 'reference') continue
    report.check(`${name}, ${records}`, '≥', ratio, ours.rate / baseline.rate, '×')
  }
  for (const { repos, cars } of wants(options, 'importRepo') ? subjects : []) {
    const repo = repos[at]
    if (repo) cars[at] = await repo.client.bytes(repo.getRepo())
  }
}

/** createRecord on all sizes, interleaved: minutes apart, the machine's drift would count. */
async function measureGrowth(context: Context, [ours]: Subject[]): Promise<void> {
  if (!ours || ours.repos.length < 2) return
  const row = rows.filter(({ name }) => name === 'createRecord')
  const results = await measureRows(context, 'all sizes', row, bySize(context, ours))
  const times = results.get('createRecord')?.map((one) => one?.p50)
  checkTreeGrowth(context, 'time', times)
}

/** From starting the process to its first answer, in alternation. @returns medians, in seconds */
async function startTimes(subjects: Subject[], cleanup: Cleanup): Promise<number[]> {
  progress('start to first answer')
  const times = subjects.map(() => [] as number[])
  for (let round = 0; round < STARTS; round += 1) {
    for (const [at, { server }] of subjects.entries()) {
      const before = performance.now()
      const host = await startHost(server, cleanup)
      times[at]?.push((performance.now() - before) / 1000)
      await stopHost(host)
    }
  }
  return times.map(median)
}

/** What `wrangler deploy` would upload. */
const bundleOf = (server: Server): Buffer | undefined =>
  server instanceof Cumulus
    ? readFileSync(join(server.options.checkout ?? ROOT, 'dist', 'worker.js'))
    : undefined

/** SQLite rows of one request, on every repository of a Cumulus that is not running. */
async function measureCounts(context: Context, { server, repos }: Subject): Promise<void> {
  const { report, cleanup } = context
  if (!(server instanceof Cumulus)) return
  const host = await startHost(server.with({ devMode: true }), cleanup, repos)
  const targets = bySize(context, host)
  const counts = await countRows(context, server.name, rows, targets)
  await stopHost(host)
  if (server.name !== 'cumulus') return
  for (const limit of [50, 100]) {
    for (const [at, records] of [...targets.keys()].entries()) {
      const what = `rows read by listRecords-${limit}, ${records}`
      const read = counts.get(`listRecords-${limit}`)?.[at]?.read
      report.check(what, '≤', limit + TARGETS.listOverhead, read, 'rows')
    }
  }
  const created = counts.get('createRecord')
  checkTreeGrowth(
    context,
    'rows read',
    created?.map((one) => one?.read),
  )
  checkTreeGrowth(
    context,
    'rows written',
    created?.map((one) => one?.written),
  )
}

const bySize = ({ options }: Context, { repos }: Host): Map<string, Repo> =>
  new Map(repos.map((repo, at) => [`${options.sizes[at]?.toLocaleString('en')} records`, repo]))

/** Cost may grow as the depth of the tree does: with the logarithm of the number of records. */
function checkTreeGrowth({ options, report }: Context, cost: string, costs: Costs = []): void {
  const what = `growth of ${cost} per createRecord`
  checkGrowth(report, what, 'records', options.sizes, costs, Math.log)
}
