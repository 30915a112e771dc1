/** The row "replay": the log of the firehose from its beginning. */
import { type Context, newServers } from '../context.ts'
import { openConsumers } from '../load/consumers.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { figure, median, ratio } from '../load/spread.ts'
import { progress } from '../progress.ts'
import { ROW_AIMS } from '../report/targets.ts'
import { percent } from '../report/text.ts'
import { cpuTime } from '../servers/process.ts'

/** Consumers at once. */
const CONSUMERS = [1, 10]
/** Events in each server's log; the reference takes 10 ms and more to make each. */
const EVENTS = { full: 5_000, quick: 1_000 }
const ROUNDS = { full: 5, quick: 3 }
/** Accounts that write them, and connections. */
const WRITERS = { accounts: 10, connections: 16 }

interface Replay {
  fewest: number
  seconds: number
  /** Messages, and MB, per second. */
  rate: number
  megabytes: number
  /** µs of CPU for an event. */
  cpu: number
}

/** Fills the log of each server and reads it from cursor 0, in turns. */
export async function measureReplay(context: Context): Promise<void> {
  const { options, report, cleanup } = context
  const { quick } = options
  const events = EVENTS[quick ? 'quick' : 'full']
  const figures = ['events', 'seconds', 'delivered/s', '±', 'MB/s', 'CPU/event, µs']
  const addLine = report.table('Replay from cursor 0', ['consumers', '', ...figures])
  const hosts: Host[] = []
  for (const server of newServers(context)) {
    progress(`replay: filling the log of ${server.name}`)
    const host = await startHost(server, cleanup)
    for (let made = 0; made < WRITERS.accounts; made += 1) await addAccount(host)
    await fillLog(host, events)
    hosts.push(host)
  }
  for (const count of CONSUMERS) {
    const rounds = hosts.map(() => [] as Replay[])
    for (let round = 0; round < ROUNDS[quick ? 'quick' : 'full']; round += 1) {
      for (const [at, host] of hosts.entries()) {
        progress(`replay: ${host.server.name}, ${count} consumers`)
        rounds[at]?.push(await replay(host, count, events, context))
      }
    }
    const rates = rounds.map((replays) => replays.map(({ rate }) => rate))
    for (const [at, { server }] of hosts.entries()) {
      const of = (what: keyof Replay) => median((rounds[at] ?? []).map((one) => one[what]))
      const rate = figure(rates[at] ?? [])
      const speed = [of('seconds'), rate.value, percent(rate.spread), of('megabytes')]
      addLine([count.toString(), server.name, of('fewest'), ...speed, of('cpu')])
      if (at === 0) continue
      const what = `replay, ${count} ${count === 1 ? 'consumer' : 'consumers'}`
      const times = ratio(rates[0] ?? [], rates[at] ?? [])
      report.compare(what, server, times, count === 1 ? ROW_AIMS.replay : undefined)
    }
  }
  for (const host of hosts) await stopHost(host)
}

async function replay(
  { server, running: { origin, root } }: Host,
  count: number,
  events: number,
  { cleanup }: Context,
): Promise<Replay> {
  const cpuOf = () => (root === undefined ? Number.NaN : cpuTime(root))
  const cpuBefore = cpuOf()
  const consumers = await openConsumers(origin, count, cleanup, '0')
  // Some keep fewer events than that; how many came is in the table.
  const least = server.kind === 'foreign' ? 1 : events
  const { messages, bytes, fewest, newest, started } = await consumers.untilSilent(least)
  const cpu = ((cpuOf() - cpuBefore) * 1000) / messages
  await consumers.close()
  const seconds = (newest - started) / 1000
  return { fewest, seconds, rate: messages / seconds, megabytes: bytes / 1e6 / seconds, cpu }
}

/** One createRecord for each event, to one account after the other. */
async function fillLog({ repos }: Host, events: number): Promise<void> {
  let sent = 0
  const writer = async () => {
    while (sent < events) {
      const repo = repos[sent % repos.length]
      sent += 1
      await repo?.createRecord()
    }
  }
  await Promise.all(Array.from({ length: WRITERS.connections }, writer))
}
