/**
 * `npm run bench:proxy`: what forwarding costs. The same requests to a service that answers at
 * once, directly and by way of Cumulus, in alternating rounds; and 50 MB passed on, with what that
 * takes of memory. Exits with 1 when the target is missed.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureBundle } from '../cli/host/bundle.ts'
import { Cleanup } from './cleanup.ts'
import type { Call } from './load/client.ts'
import { prepare } from './prepare.ts'
import { progress } from './progress.ts'
import { table } from './report/report.ts'
import { TARGETS } from './report/targets.ts'
import { end, memory, peakMemory, resetPeakMemory, startNode } from './servers/process.ts'

/** Of measuring each load in each way. */
const SECONDS = 12
/**
 * Without a pause, 64 connections measure how long the queue is, not what a request costs: so they
 * are also measured with as many requests per second as leave the processor idle half of the time.
 */
const LOADS: { connections: number; perSecond?: number }[] = [
  { connections: 1 },
  { connections: 64, perSecond: 300 },
  { connections: 64 },
]

prepare({ reference: false })
ensureBundle(() => progress('building the bundle ...'))
const cleanup = new Cleanup()
try {
  await measure()
} finally {
  await cleanup.run()
}

async function measure(): Promise<void> {
  // Loaded now, because they need the packages that `prepare` has installed.
  const { Xrpc } = await import('./load/client.ts')
  const { interleave } = await import('./load/drive.ts')
  const { Cumulus } = await import('./servers/cumulus.ts')
  const { addAccount, startHost } = await import('./load/host.ts')

  const main = join(import.meta.dirname, 'servers', 'appview-main.ts')
  const service = await startNode(process.execPath, main, {})
  cleanup.add(() => end(service.process))
  const direct = `http://127.0.0.1:${service.port}`
  const settings = { PDS_BSKY_APP_VIEW_URL: direct, PDS_PROXY_MAX_RESPONSE_SIZE: '64000000' }
  const server = new Cumulus({ dataDirectory: cleanup.folder(), settings })
  const host = await startHost(server, cleanup)
  const { origin: forwarded, pid } = host.running
  const { token } = (await addAccount(host)).account
  const call = (method: string): Call => ({ method, authorization: `Bearer ${token}` })
  const page: Call = { ...call('app.bsky.feed.getTimeline'), params: { limit: 50 } }
  const large = call('app.bsky.large')

  const lines: (string | number)[][] = []
  for (const { connections, perSecond } of LOADS) {
    const clients = [direct, forwarded].map((origin) => new Xrpc(origin, connections))
    const pause = perSecond ? (2000 * connections) / perSecond : 0
    const workloads = clients.map((client) => ({
      async next() {
        // Half of it on average.
        if (pause > 0) await sleep(Math.random() * pause)
        const start = performance.now()
        await client.drain(page)
        return { amount: 1, ms: performance.now() - start }
      },
    }))
    const label = `${connections} connections${perSecond ? `, ${perSecond}/s` : ''}`
    const [there, here] = await interleave(workloads, connections, SECONDS, label)
    for (const client of clients) await client.close()
    if (!there || !here) continue
    const added = here.p50 - there.p50
    lines.push([label, there.p50, there.rate, here.p50, here.p99, here.rate, added])
    const queues = connections > 1 && perSecond === undefined
    if (!queues && added > TARGETS.proxyOverhead) process.exitCode = 1
  }
  const head = ['(p50 in ms)', 'directly', '/s', 'forwarded', 'p99', '/s', 'more']
  process.stdout.write(`${table(head, lines)}\n`)

  for (const [name, origin] of Object.entries({ directly: direct, forwarded })) {
    const client = new Xrpc(origin, 1)
    await client.drain(page)
    // Memory that is only not given back yet is not needed again.
    await client.drain(large)
    resetPeakMemory(pid)
    const before = memory(pid)
    const start = performance.now()
    const bytes = await client.drain(large)
    const rate = bytes / 1000 / (performance.now() - start)
    const peak = peakMemory(pid)
    await client.close()
    const growth = `Cumulus grew by ${(peak - before).toFixed(1)} MB, to ${peak.toFixed(0)}`
    process.stdout.write(`50 MB ${name}: ${rate.toFixed(0)} MB/s; ${growth}\n`)
  }
}
