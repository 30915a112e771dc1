/** One run: both servers up, row after row, then what needs them restarted. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleanup } from './cleanup.ts'
import { HOST_ROWS, runHosts } from './hosts/run.ts'
import { type Options, ROWS, wants } from './options.ts'
import { complain, say } from './progress.ts'
import { machine } from './report/machine.ts'
import type { Result } from './report/result.ts'
import { judge } from './report/targets.ts'
import type { Run } from './run-context.ts'
import { Cumulus } from './servers/cumulus.ts'
import { startPlc } from './servers/plc.ts'
import { Reference } from './servers/reference.ts'
import { bundleSize } from './stages/bundle-size.ts'
import { countAll } from './stages/counts.ts'
import { growth } from './stages/growth.ts'
import { runImports } from './stages/imports.ts'
import { peakMemory } from './stages/memory.ts'
import { measureSize } from './stages/rates.ts'
import { closeSide, openSide, restart, type Side } from './stages/side.ts'
import { startTimes } from './stages/start.ts'

/** Filling the reference further would take minutes. */
const REFERENCE_UP_TO = 10_000

export async function run(options: Options, cleanup: Cleanup): Promise<Result> {
  const folder = cleanup.folder()
  const result: Omit<Result, 'verdicts'> = {
    machine: machine(),
    sizes: options.sizes,
    rows: [],
    imports: [],
    memory: {},
    growth: [],
    counts: [],
    hosts: [],
    hostCounts: [],
    fanout: [],
    replay: [],
    failures: [],
  }
  /** A stage that fails must not take with it what the others have measured. */
  const attempt = async (stage: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      const failure = `${stage}: ${error instanceof Error ? error.message : error}`
      result.failures.push(failure)
      complain(failure)
    }
  }
  const plcUrl = await startPlc(cleanup)
  const context: Run = { options, folder, plcUrl, result, attempt, cleanup }
  // What is about hosts needs no repository of a hundred thousand records, nor the other way round.
  if (ROWS.some((row) => wants(options, row) && !HOST_ROWS.includes(row))) await runRepos(context)
  if (HOST_ROWS.some((row) => wants(options, row))) await runHosts(context)
  return { ...result, verdicts: judge(result) }
}

/** The rows that are about repositories of several sizes. */
async function runRepos(context: Run): Promise<void> {
  const { options, folder, plcUrl, result, attempt, cleanup } = context
  say('starting the servers ...')
  const data = join(folder, 'cumulus')
  const cumulus = new Cumulus({ dataDirectory: data, plcUrl })
  const ours = await openSide(cumulus, options.sizes, cleanup)
  // An import wants an empty account of the same DID and key: a copy of the data before it is filled.
  const empty = join(folder, 'cumulus-empty')
  await ours.running.stop()
  cpSync(data, empty, { recursive: true })
  await restart(ours, cleanup)
  const reference = options.oursOnly
    ? undefined
    : await Reference.create(join(folder, 'reference'), plcUrl)
  const small = options.sizes.filter((size) => size <= REFERENCE_UP_TO)
  const theirs =
    reference && small.length > 0 ? await openSide(reference, small, cleanup) : undefined
  const sides: Side[] = theirs ? [ours, theirs] : [ours]

  for (const size of options.sizes) {
    await attempt(`${size} records`, () => measureSize(size, sides, { options, folder, result }))
  }
  if (wants(options, 'createRecord') && ours.repos.size > 1) {
    await attempt('growth', async () => {
      result.growth = await growth(ours, options.seconds)
    })
  }
  for (const side of sides) {
    result.memory[side.running.name] = peakMemory(side.running.pid)
    await closeSide(side)
  }
  if (wants(options, 'start')) {
    await attempt('start', async () => {
      result.start = await startTimes(sides.map(({ host }) => host))
    })
  }
  if (wants(options, 'importRepo')) {
    await attempt('importRepo', async () => {
      result.imports = await runImports({ folder, empty, ours, theirs, cleanup })
    })
  }
  if (wants(options, 'counts')) {
    await attempt('counts', async () => {
      result.counts = await countAll(ours, data, cleanup)
    })
  }
  if (wants(options, 'bundle')) result.bundle = bundleSize()
}
