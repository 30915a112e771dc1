/** The rows that are about repositories of several sizes. */
import { type Context, newServers } from '../context.ts'
import type { Stats } from '../load/drive.ts'
import { stopHost } from '../load/host.ts'
import { compared, measureRows } from '../load/measure.ts'
import type { Repo } from '../load/repo.ts'
import { rows } from '../load/rows.ts'
import { type ByRow, type Target, targetsOf } from '../load/targets.ts'
import { type RowName, wants } from '../options.ts'
import { progress } from '../progress.ts'
import { ROW_AIMS } from '../report/targets.ts'
import { type Floor, openFloor } from '../servers/floor.ts'
import { bySize, checkTreeGrowth, measureCounts } from './counts.ts'
import { measureImports, openSubject, type Subject } from './import.ts'
import { Memory, measureServers } from './servers.ts'

/** Filling others than Cumulus further would take minutes. */
const OTHERS_UP_TO = 10_000

/** Measures repositories of all sizes, then what needs the servers restarted. */
export async function measureRepos(context: Context): Promise<void> {
  const { options, report, cleanup } = context
  progress('starting the servers ...')
  const floor = await openFloor(cleanup)
  const subjects: Subject[] = []
  const memory = new Memory()
  for (const server of newServers(context)) {
    const most = server.kind === 'cumulus' || server.kind === 'checkout' ? Infinity : OTHERS_UP_TO
    const sizes = options.sizes.filter((size) => size <= most)
    if (sizes.length === 0) continue
    const subject = await openSubject(server, sizes.length, cleanup)
    memory.noteStart(subject)
    subjects.push(subject)
  }
  for (const [at, size] of options.sizes.entries()) {
    await report.attempt(`${size} records`, () => measureSize(context, subjects, floor, at))
  }
  if (wants(options, 'createRecord')) {
    await report.attempt('growth', () => measureGrowth(context, subjects))
  }
  for (const subject of subjects) memory.notePeak(subject)
  await floor.stop()
  for (const subject of subjects) await stopHost(subject)
  await measureServers(context, subjects, memory)
  if (wants(options, 'importRepo')) {
    await report.attempt('importRepo', () => measureImports(context, subjects))
  }
  for (const subject of wants(options, 'counts') ? subjects : []) {
    await report.attempt('counts', () => measureCounts(context, subject))
  }
}

/** Fills the repositories, measures, and exports them when they are to be imported later. */
async function measureSize(
  context: Context,
  subjects: Subject[],
  floor: Floor,
  at: number,
): Promise<void> {
  const { options } = context
  const size = options.sizes[at] ?? 0
  const wanted = rows.filter(({ name, once }) => wants(options, name) && (!once || at === 0))
  const repos = new Map<string, Repo>()
  for (const subject of subjects) {
    const repo = subject.repos[at]
    await repo?.restore(size)
    if (repo) repos.set(subject.server.name, repo)
  }
  const targets = targetsOf(repos, ({ running }) => running)
  targets.set('floor', {
    workload: ({ floor: call }) => call && floor.workload(call),
    running: floor.running,
  } satisfies Target<Repo>)
  const records = `${size.toLocaleString('en')} records`
  const results = await measureRows(context, records, wanted, targets)
  for (const { name } of wanted) holdAgainstAims(context, subjects, results, name, size)
  for (const { repos, cars } of wants(options, 'importRepo') ? subjects : []) {
    const repo = repos[at]
    if (repo) cars[at] = await repo.client.bytes(repo.getRepo())
  }
}

function holdAgainstAims(
  { options, report }: Context,
  subjects: Subject[],
  results: ByRow<Stats>,
  name: RowName,
  size: number,
): void {
  const row = rows.find((one) => one.name === name)
  const { rate, p50, largest, ...times } = ROW_AIMS[name] ?? {}
  const ours = results.get(name)?.get('cumulus')
  if (!row || !ours) return
  const what = `${name}, ${size.toLocaleString('en')} records`
  if (!largest || size === options.sizes.at(-1)) {
    if (p50) report.check(`${what}, p50`, '≤', p50, ours.p50, 'ms')
    if (rate) report.check(what, '≥', rate, ours.rate.value, row.unit)
  }
  for (const { server } of subjects) {
    const other = results.get(name)?.get(server.name)
    if (!other || other === ours) continue
    report.compare(what, server, compared(row, ours, other), times)
  }
  const floor = results.get(name)?.get('floor')
  report.aims.cost(what, ours.cpu.value, floor?.cpu.value)
}

/** createRecord on all sizes, interleaved: minutes apart, the machine's drift would count. */
async function measureGrowth(context: Context, [ours]: Subject[]): Promise<void> {
  if (!ours || ours.repos.length < 2) return
  const row = rows.filter(({ name }) => name === 'createRecord')
  const targets = targetsOf(bySize(context, ours), ({ running }) => running)
  const results = (await measureRows(context, 'all sizes', row, targets)).get('createRecord')
  const times = [...targets.keys()].map((name) => results?.get(name)?.p50)
  checkTreeGrowth(context, 'time', times)
}
