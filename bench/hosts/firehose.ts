/** The row "fanout": live consumers of the firehose. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, newServers } from '../context.ts'
import { now, openConsumers } from '../load/consumers.ts'
import { percentiles } from '../load/drive.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { progress } from '../progress.ts'
import { AIMS } from '../report/targets.ts'
import { cpuTime } from '../servers/process.ts'

/** Consumers at once. */
const FANOUT = { full: [1, 10, 100], quick: [1] }
/** Milliseconds from one write to the next, when they come at a fixed pace. */
const PACE = 20
/** Writes that do not count: at a slow pace code takes a while to be compiled. */
const WARM_UP = { full: 300, quick: 100 }

/** One writer on each server, with each number of consumers. */
export async function measureFanout(context: Context): Promise<void> {
  const { options, report, cleanup } = context
  const paced = ['50/s: p50', 'p99']
  const closedLoop = ['closed loop: /s', 'p50', 'p99', 'delivered/s', 'MB/s', 'CPU/write']
  const addLine = report.table(
    'From sending createRecord to its frame at the last consumer (ms), one writer',
    ['consumers', '', ...paced, ...closedLoop],
  )
  const hosts: Host[] = []
  for (const server of newServers(context)) hosts.push(await startHost(server, cleanup))
  for (const count of FANOUT[options.quick ? 'quick' : 'full']) {
    for (const host of hosts) {
      const { name, kind } = host.server
      progress(`fanout: ${name}, ${count} consumers`)
      const { paced, closed, cpu } = await fanOut(context, host, count)
      const perSecond = (total: number) => total / closed.seconds
      const latency = [paced.p50, paced.p99, perSecond(closed.writes), closed.p50, closed.p99]
      const delivered = [perSecond(closed.messages), perSecond(closed.bytes / 1e6), cpu]
      addLine([count.toString(), name, ...latency, ...delivered])
      if (count > 1 || kind !== 'cumulus') continue
      const what = 'fanout, 1 consumer, closed loop, p50'
      report.check(what, '≤', AIMS.frameLatency, closed.p50, 'ms')
    }
  }
  for (const host of hosts) await stopHost(host)
}

/** @returns also the CPU time of the server in ms, for one write and all that comes of it */
async function fanOut({ options, cleanup }: Context, host: Host, count: number) {
  const { origin, root } = host.running
  const cpuOf = () => (root === undefined ? Number.NaN : cpuTime(root))
  const repo = await addAccount(host)
  const consumers = await openConsumers(origin, count, cleanup)
  const length = options.pace.seconds * options.pace.least
  const warmUp = WARM_UP[options.quick ? 'quick' : 'full']
  for (let write = 0; write < warmUp; write += 1) await repo.createRecord()
  // Also what an account's making had to tell, which may come late.
  await consumers.untilSilent()

  // Nobody else writes, so the n-th message is the n-th write: nothing has to be decoded.
  const write = async (pace: number) => {
    await consumers.reset()
    const sent: number[] = []
    const begin = now()
    const until = begin + length * 1000
    for (let due = begin; due < until; due = pace ? due + pace : now()) {
      if (due > now()) await sleep(due - now())
      sent.push(now())
      await repo.createRecord()
    }
    const { last, messages, bytes } = await consumers.withAll(sent.length)
    const latency = percentiles(sent.map((time, at) => (last[at] ?? Number.NaN) - time))
    const seconds = ((last[sent.length - 1] ?? now()) - begin) / 1000
    return { ...latency, writes: sent.length, messages, bytes, seconds }
  }
  const paced = await write(PACE)
  const cpuBefore = cpuOf()
  const closed = await write(0)
  const cpu = (cpuOf() - cpuBefore) / closed.writes
  await consumers.close()
  return { paced, closed, cpu }
}
