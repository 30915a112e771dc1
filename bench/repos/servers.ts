/** The rows "start", "memory" and "bundle": what servers take of the machine, whatever they are asked. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../../cli/host/bundle.ts'
import type { Context } from '../context.ts'
import { type Host, startHost, stopHost } from '../load/host.ts'
import { type Figure, figure, ratio } from '../load/spread.ts'
import { wants } from '../options.ts'
import { progress } from '../progress.ts'
import { type BundleSize, bundleSize } from '../report/bundle.ts'
import { AIMS, MEMORY_AIM } from '../report/targets.ts'
import { percent } from '../report/text.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { ForeignServer } from '../servers/foreign.ts'
import { age, memory as memoryOf, peakMemory, treeMemory } from '../servers/process.ts'
import type { Server } from '../servers/server.ts'
import type { Subject } from './import.ts'

const STARTS = { full: 5, quick: 3 }
/** ms after its first answer that a server is at rest. */
const AT_REST = 2_000

/** MB of each server; those that somebody else has started are known from before they were asked for anything. */
export class Memory {
  readonly #start = new Map<string, number>()
  readonly #peak = new Map<string, number>()

  noteStart({ server, running: { pid } }: Host): void {
    if (pid !== undefined) this.#start.set(server.name, memoryOf(pid))
  }

  notePeak({ server, running: { pid } }: Host): void {
    if (pid !== undefined) this.#peak.set(server.name, peakMemory(pid))
  }

  startOf = ({ name }: Server): number => this.#start.get(name) ?? Number.NaN
  peakOf = ({ name }: Server): number => this.#peak.get(name) ?? Number.NaN
}

/** The servers are not running. */
export async function measureServers(
  context: Context,
  subjects: Subject[],
  memory: Memory,
): Promise<void> {
  const { options, report } = context
  const servers = subjects.map(({ server }) => server)
  const addLine = report.table('Servers', ['', 'unit', ...servers.map(({ name }) => name)])
  if (wants(options, 'start') || wants(options, 'memory')) {
    await report.attempt('start', async () => {
      const started = await start(context, servers)
      for (const part of ['servingSeconds', 'seconds'] as const) {
        const isAll = part === 'seconds'
        const what = `start to first answer, ${isAll ? 'all processes' : 'of what serves'}`
        const seconds = started.map((one) => figure(one[part]))
        addLine([what, 's', ...seconds.map(({ value }) => value)])
        addLine(['', '±', ...seconds.map(({ spread }) => percent(spread))])
        const aim = isAll ? undefined : ({ comparison: '≤', target: AIMS.startSeconds } as const)
        report.aims.own(what, seconds[0]?.value, 's', aim)
        compareAll(context, servers, what, (at) =>
          ratio(started[at]?.[part] ?? [], started[0]?.[part] ?? []),
        )
      }
      // What was running before cannot be started.
      const rest = started.map(({ serving }, at) =>
        serving.length > 0 ? figure(serving) : figure([memory.startOf(servers[at] as Server)]),
      )
      addLine(['memory at rest, of what serves', 'MB', ...rest.map(({ value }) => value)])
      const all = started.map((one) => figure(one.all).value)
      addLine(['memory at rest, all processes', 'MB', ...all])
      const what = 'memory at rest'
      report.aims.own(what, rest[0]?.value, 'MB')
      for (const [at, server] of servers.entries()) {
        if (at === 0) continue
        const value = (rest[0]?.value ?? Number.NaN) / (rest[at]?.value ?? Number.NaN)
        const times = { value, spread: Number.NaN, rounds: rest[at]?.rounds ?? 0 }
        report.compare(what, server, times, MEMORY_AIM)
      }
    })
  }
  const peaks = servers.map(memory.peakOf)
  addLine(['peak memory under load, of what serves', 'MB', ...peaks])
  report.aims.own('peak memory', peaks[0], 'MB')
  compareAll(context, servers, 'peak memory', (at) =>
    figure([(peaks[0] ?? NaN) / (peaks[at] ?? NaN)]),
  )
  if (!wants(options, 'bundle')) return
  const bundles = servers.map(bundleOf)
  for (const part of ['core', 'all'] as const) {
    const sizes = bundles.map((size) => size?.[part])
    const name = part === 'core' ? 'bundle, gzip: what starts' : 'bundle, gzip: all of it'
    addLine([name, 'KiB', ...sizes])
    report.check(name, '≤', AIMS.bundle[part], sizes[0], 'KiB')
  }
}

/** The ratio of each other server to ours, without an aim. */
function compareAll(
  { report }: Context,
  servers: Server[],
  what: string,
  times: (at: number) => Figure,
): void {
  for (const [at, server] of servers.entries()) {
    if (at > 0) report.compare(what, server, times(at))
  }
}

interface Started {
  /** To the first answer: from starting everything, and from when the process that serves was there. */
  seconds: number[]
  servingSeconds: number[]
  /** MB at rest. */
  serving: number[]
  all: number[]
}

/** Starts all that can be started, in turns. */
async function start({ options, cleanup }: Context, servers: Server[]): Promise<Started[]> {
  progress('start to first answer')
  const started = servers.map(
    (): Started => ({
      seconds: [],
      servingSeconds: [],
      serving: [],
      all: [],
    }),
  )
  for (let round = 0; round < STARTS[options.quick ? 'quick' : 'full']; round += 1) {
    for (const [at, server] of servers.entries()) {
      if (server instanceof ForeignServer && server.options.start === undefined) continue
      const before = performance.now()
      const host = await startHost(server, cleanup)
      started[at]?.seconds.push((performance.now() - before) / 1000)
      const { pid, root } = host.running
      if (pid !== undefined) started[at]?.servingSeconds.push(age(pid))
      await sleep(AT_REST)
      if (pid !== undefined) started[at]?.serving.push(memoryOf(pid))
      if (root !== undefined) started[at]?.all.push(treeMemory(root))
      await stopHost(host)
    }
  }
  return started
}

/** What is deployed, where that is known. */
function bundleOf(server: Server): BundleSize | undefined {
  if (server instanceof Cumulus) {
    return bundleSize(join(server.options.checkout ?? ROOT, 'dist', 'worker.js'))
  }
  const path = server instanceof ForeignServer ? server.options.bundle : undefined
  return path === undefined ? undefined : bundleSize(path)
}
