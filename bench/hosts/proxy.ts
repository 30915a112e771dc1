/**
 * The row "proxy": what forwarding costs. The same requests to a service that answers at once, directly and by way of each
 * server, in turns; and 50 MB passed on, with what that takes of memory.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { baselinesOf, type Context } from '../context.ts'
import { type Call, Xrpc } from '../load/client.ts'
import type { Stats } from '../load/drive.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { compared, measureRows } from '../load/measure.ts'
import { type Row, row, type Target } from '../load/targets.ts'
import { AIMS } from '../report/targets.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { end, memory, peakMemory, resetPeakMemory, startNode } from '../servers/process.ts'
import type { Running } from '../servers/server.ts'

/** Where requests are sent, and by whom. */
interface Way {
  origin: string
  token: string
  running?: Running
}

/**
 * Without a pause, many connections measure how long the queue is, not what a request costs: so they are also measured with as
 * many requests per second as leave the processor idle half of the time.
 */
const forward =
  (connections: number, perSecond?: number) =>
  ({ origin, token }: Way) => {
    const pause = perSecond ? (2000 * connections) / perSecond : 0
    let client: Xrpc
    return {
      async before() {
        client = new Xrpc(origin, connections)
      },
      async next() {
        // Half of it on average.
        if (pause > 0) await sleep(Math.random() * pause)
        const start = performance.now()
        await client.drain(page(token))
        return { amount: 1, ms: performance.now() - start }
      },
      after: () => client.close(),
    }
  }

const ROWS: Row<Way>[] = [
  row('proxy', forward(1)),
  row('proxy-64 at 300/s', forward(64, 300), { connections: 64, figure: 'p50' }),
  row('proxy-64', forward(64), { connections: 64 }),
]

export async function measureProxy(context: Context): Promise<void> {
  const { report, cleanup } = context
  const main = join(import.meta.dirname, '..', 'servers', 'appview-main.ts')
  const service = await startNode(process.execPath, main, {})
  cleanup.add(() => end(service.process))
  // A host name, as the reference takes no IP address.
  const settings = { PDS_BSKY_APP_VIEW_URL: `http://localhost:${service.port}` }
  const ours = { ...settings, PDS_PROXY_MAX_RESPONSE_SIZE: '64000000' }
  const others = { ...settings, PDS_BSKY_APP_VIEW_DID: 'did:web:appview.test' }
  const servers = [
    new Cumulus({ dataDirectory: cleanup.folder(), plcUrl: context.plcUrl, settings: ours }),
    ...baselinesOf(context, others),
  ]
  const hosts: Host[] = []
  const ways = new Map<string, Way>()
  for (const server of servers) {
    const host = await startHost(server, cleanup)
    const { token } = (await addAccount(host)).account
    ways.set(server.name, { origin: host.running.origin, token, running: host.running })
    hosts.push(host)
  }
  const { token = '' } = ways.get('cumulus') ?? {}
  const direct = `http://127.0.0.1:${service.port}`
  ways.set('directly', { origin: direct, token })
  const targets = new Map(
    [...ways].map(([name, way]): [string, Target<Way>] => [
      name,
      { workload: (one) => one.workload(way), running: way.running },
    ]),
  )
  const results = await measureRows(context, 'forwarding an answer of 11 kB', ROWS, targets)
  for (const one of ROWS) {
    const [here, straight] = ['cumulus', 'directly'].map((name) => results.get(one.name)?.get(name))
    if (!here || !straight) continue
    if (one.name === 'proxy-64') {
      report.check(one.name, '≥', AIMS.proxyRate, here.rate.value, '/s')
    } else {
      const aim = { comparison: '≤', target: AIMS.proxyOverhead } as const
      const added = here.p50 - straight.p50
      report.aims.own(`${one.name}, added`, added, 'ms', one.name === 'proxy' ? aim : undefined)
    }
    compareOthers(context, one, hosts, results.get(one.name) ?? new Map())
  }
  await passLarge(context, ways)
  for (const host of hosts) await stopHost(host)
}

function compareOthers(
  { report }: Context,
  one: Row<Way>,
  hosts: Host[],
  results: Map<string, Stats>,
): void {
  const ours = results.get('cumulus')
  const what = one.name === 'proxy-64' ? one.name : `${one.name}, added`
  for (const { server } of hosts) {
    const other = results.get(server.name)
    if (ours && other && other !== ours) report.compare(what, server, compared(one, ours, other))
  }
  report.aims.cost(what, ours?.cpu.value, undefined)
}

/** 50 MB, and how much larger that makes the process that passes it on. */
async function passLarge({ report }: Context, ways: Map<string, Way>): Promise<void> {
  const addLine = report.table('Forwarding an answer of 50 MB', ['', 'MB/s', 'grew by, MB', 'to'])
  for (const [name, { origin, token, running }] of ways) {
    const client = new Xrpc(origin, 1)
    const large = { ...page(token), method: 'app.bsky.large' }
    if (running && running.server.kind !== 'cumulus' && running.server.kind !== 'checkout') {
      // It forwards only what it knows.
      await client.close()
      continue
    }
    await client.drain(page(token))
    // Memory that is only not given back yet is not needed again.
    await client.drain(large)
    const { pid } = running ?? {}
    if (pid !== undefined) resetPeakMemory(pid)
    const before = pid === undefined ? Number.NaN : memory(pid)
    const start = performance.now()
    const bytes = await client.drain(large)
    const rate = bytes / 1000 / (performance.now() - start)
    const peak = pid === undefined ? Number.NaN : peakMemory(pid)
    addLine([name, rate, peak - before, peak])
    await client.close()
  }
}

const page = (token: string): Call => ({
  method: 'app.bsky.feed.getTimeline',
  params: { limit: 50 },
  authorization: `Bearer ${token}`,
})
