/** One run: both servers up, row after row, then what needs them restarted. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from './cleanup.ts'
import { createAccounts, fill, openRepo, type Repo, untilAnswering } from './load/repo.ts'
import { type Options, wants } from './options.ts'
import { complain, say } from './progress.ts'
import { judge } from './report/aims.ts'
import { machine } from './report/machine.ts'
import type { Result } from './report/result.ts'
import { rows } from './rows/all.ts'
import { Cumulus } from './servers/cumulus.ts'
import { Reference } from './servers/reference.ts'
import type { Account, Host, Running, ServerName } from './servers/server.ts'
import { bundleSize } from './stages/bundle-size.ts'
import { type Comparison, compare, problemOf } from './stages/compare.ts'
import { countRows } from './stages/counts.ts'
import { type Car, exportCar } from './stages/export-car.ts'
import { firehose } from './stages/firehose.ts'
import { runImports } from './stages/imports.ts'
import { peakMemory } from './stages/memory.ts'
import { startTimes } from './stages/start.ts'

/** Filling the reference further would take minutes. */
const REFERENCE_UP_TO = 10_000
const FIREHOSE_WRITES = 300

interface Side {
  host: Host
  running: Running
  accounts: Map<number, Account>
  repos: Map<number, Repo>
}

type Measuring = Omit<Result, 'verdicts'>

export async function run(options: Options, cleanup: Cleanup): Promise<Result> {
  const folder = cleanup.folder()
  const ours = join(folder, 'cumulus')
  const empty = join(folder, 'cumulus-empty')
  const result: Measuring = {
    machine: machine(),
    sizes: options.sizes,
    rows: [],
    imports: [],
    memory: {},
    counts: [],
  }
  if (wants(options, 'bundle')) result.bundle = bundleSize()

  say('starting the servers ...')
  const cumulus = new Cumulus({ dataDirectory: ours })
  const sides = [await open(cumulus, options.sizes, cleanup)]
  // An import wants an empty account of the same DID and key: a copy of the data before it is filled.
  await sides[0]?.running.stop()
  cpSync(ours, empty, { recursive: true })
  const [first] = sides
  if (first) first.running = await up(cumulus, cleanup)
  const reference = options.oursOnly
    ? undefined
    : await Reference.create(join(folder, 'reference'), cleanup)
  const small = options.sizes.filter((size) => size <= REFERENCE_UP_TO)
  if (reference && small.length > 0) sides.push(await open(reference, small, cleanup))

  const cars: Record<ServerName, Map<number, Car>> = { cumulus: new Map(), reference: new Map() }
  for (const size of options.sizes) {
    await measureSize(size, sides, options, result)
    if (!wants(options, 'importRepo')) continue
    for (const { repos } of sides) {
      const repo = repos.get(size)
      if (!repo) continue
      const path = join(folder, `${repo.server}-${size}.car`)
      cars[repo.server].set(size, await exportCar(repo, path))
    }
  }
  for (const { running, repos } of sides) {
    result.memory[running.name] = peakMemory(running.pid)
    for (const repo of repos.values()) await repo.client.close()
    await running.stop()
  }

  if (wants(options, 'start')) result.start = await startTimes(sides.map(({ host }) => host))
  if (wants(options, 'importRepo')) {
    const accounts = first?.accounts ?? new Map()
    result.imports = await runImports({ folder, empty, accounts, cars, reference, cleanup })
  }
  if (wants(options, 'counts') && first) await count(first, ours, result, cleanup)
  return { ...result, verdicts: judge(result) }
}

async function open(host: Host, sizes: number[], cleanup: Cleanup): Promise<Side> {
  const running = await up(host, cleanup)
  return { host, running, accounts: await createAccounts(host, running, sizes), repos: new Map() }
}

async function up(host: Host, cleanup: Cleanup): Promise<Running> {
  const running = await host.start()
  cleanup.add(() => running.stop())
  await untilAnswering(running.origin)
  return running
}

async function measureSize(
  size: number,
  sides: Side[],
  options: Options,
  result: Measuring,
): Promise<void> {
  const repos: Repo[] = []
  for (const side of sides) {
    const account = side.accounts.get(size)
    if (!account) continue
    const repo = openRepo(side.running, account)
    side.repos.set(size, repo)
    await fill(repo, size)
    repos.push(repo)
  }
  const smallest = size === options.sizes[0]
  for (const row of rows) {
    if (!wants(options, row.name) || (row.once && !smallest)) continue
    const servers = await compare(row, repos, options.seconds)
    result.rows.push({ row: row.name, size, unit: row.unit, servers })
    report(row.name, servers)
  }
  if (!wants(options, 'firehose') || !smallest) return
  const servers: Comparison = {}
  for (const [at, repo] of repos.entries()) {
    const origin = sides[at]?.running.origin ?? ''
    servers[repo.server] = await firehose(repo, origin, FIREHOSE_WRITES).catch(problemOf)
  }
  result.rows.push({ row: 'firehose', size, unit: 'ops/s', servers })
  report('firehose', servers)
}

/** The table has no room for the message of a failure. */
function report(row: string, servers: Comparison): void {
  for (const [name, measured] of Object.entries(servers)) {
    if ('failed' in measured) complain(`${row}, ${name}: ${measured.failed}`)
  }
}

async function count(side: Side, data: string, result: Measuring, cleanup: Cleanup): Promise<void> {
  const running = await up(new Cumulus({ dataDirectory: data, devMode: true }), cleanup)
  for (const [size, { account, keys }] of side.repos) {
    const repo = openRepo(running, account, keys)
    result.counts.push({ size, kinds: await countRows(repo) })
    await repo.client.close()
  }
  await running.stop()
}
