/**
 * `npm run bench:proxy`: what forwarding costs. The same requests to a service that answers at once, directly and
 * by way of Cumulus, by turns; and 50 MB passed on, with what that takes of memory. Exits 1 when an aim is missed;
 * `--json` for scripts, `--seconds <n>` for each turn.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensureBundle } from '../cli/bundle.ts'
import { startWorkerd } from '../cli/workerd.ts'
import type { RawSettings } from '../src/kernel/config/settings.ts'
import { prepare } from './prepare.ts'
import { end, startNode } from './servers/process.ts'
import { forgetPeak, memory, peakMemory } from './stages/memory.ts'

const TURNS = 4
/**
 * Without a pause, 64 connections measure how long the queue is, not what a request costs: so they are also
 * measured with as many requests per second as leave the processor idle half of the time.
 */
const LOADS: { connections: number; perSecond?: number }[] = [
  { connections: 1 },
  { connections: 64, perSecond: 300 },
  { connections: 64 },
]
/** ms that forwarding may add at p50, but where requests queue. */
const AIM_OVERHEAD = 1.5
const METHOD = 'app.bsky.feed.getTimeline'
const LARGE = 'app.bsky.large'
const ADMIN_PASSWORD = 'bench admin password'

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, seconds: { type: 'string', default: '3' } },
})
prepare()
ensureBundle(() => process.stderr.write('building the bundle ...\n'))
// Loaded now, because they need the packages that `prepare` has installed.
const { Xrpc } = await import('./load/client.ts')
const { drive } = await import('./load/drive.ts')
const { figures } = await import('./load/stats.ts')

const folder = mkdtempSync(join(tmpdir(), 'cumulus-bench-'))
const service = await startNode(
  process.execPath,
  join(import.meta.dirname, 'servers', 'appview-main.ts'),
  {},
)
const direct = `http://127.0.0.1:${service.port}`
const raw: RawSettings = {
  PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
  PDS_JWT_SECRET: 'bench jwt secret, long enough',
  PDS_KEY_SECRET: 'bench key secret, long enough',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
  PDS_CRAWLERS: 'none',
  PDS_BSKY_APP_VIEW_URL: direct,
  PDS_PROXY_MAX_RESPONSE_SIZE: '64000000',
  LOG_LEVEL: 'error',
}
const workerd = await startWorkerd({ dataDirectory: folder, port: 0, raw, output: 'ignore' })
const pid = workerd.process.pid ?? 0
const proxied = `http://127.0.0.1:${workerd.port}`

try {
  const token = await signUp()
  const result = {
    overhead: [] as Awaited<ReturnType<typeof overhead>>[],
    large: { ...(await large(token)) },
  }
  for (const load of LOADS) result.overhead.push(await overhead(token, load))
  report(result)
} finally {
  await end(workerd.process)
  await end(service.process)
  rmSync(folder, { recursive: true, force: true })
}

async function signUp(): Promise<string> {
  const response = await fetch(`${proxied}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      handle: 'bench.test',
      did: 'did:web:bench.test',
      email: 'bench@example.com',
      password: 'bench password',
    }),
  })
  if (!response.ok) throw new Error(`no account: ${await response.text()}`)
  return ((await response.json()) as { accessJwt: string }).accessJwt
}

/** ms at p50 and p99, and requests per second, directly and forwarded. */
async function overhead(token: string, { connections, perSecond }: (typeof LOADS)[number]) {
  const seconds = Number(values.seconds)
  const clients = [new Xrpc(direct, connections), new Xrpc(proxied, connections)] as const
  const workload = (client: InstanceType<typeof Xrpc>) => ({
    next: () => async () => {
      if (perSecond !== undefined) await sleep((2000 * Math.random() * connections) / perSecond)
      const start = performance.now()
      await client.drain({ method: METHOD, params: { limit: 50 }, token })
      return { amount: 1, ms: performance.now() - start }
    },
  })
  const slices = clients.map(() => [] as Awaited<ReturnType<typeof drive>>[])
  for (const client of clients) await drive(workload(client), connections, 1)
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [at, client] of clients.entries()) {
      slices[at]?.push(await drive(workload(client), connections, seconds))
    }
  }
  for (const client of clients) await client.close()
  const [there, here] = slices.map(figures)
  if (!there || !here) throw new Error('nothing was measured')
  return { connections, perSecond, direct: there, proxied: here, overhead: here.p50 - there.p50 }
}

/** MB/s of 50 MB, directly and forwarded, and by how many MB forwarding them makes the process grow. */
async function large(token: string) {
  const rates: number[] = []
  let growth = 0
  for (const origin of [direct, proxied]) {
    const client = new Xrpc(origin, 1)
    await client.drain({ method: METHOD, token })
    // Memory that is only not given back yet is not needed again.
    await client.drain({ method: LARGE, token })
    forgetPeak(pid)
    const before = memory(pid)
    const start = performance.now()
    const bytes = await client.drain({ method: LARGE, token })
    rates.push(bytes / 1000 / (performance.now() - start))
    growth = peakMemory(pid) - before
    await client.close()
  }
  return { direct: rates[0] ?? 0, proxied: rates[1] ?? 0, growth, peak: peakMemory(pid) }
}

function report(result: {
  overhead: Awaited<ReturnType<typeof overhead>>[]
  large: Awaited<ReturnType<typeof large>>
}) {
  const missed = result.overhead.filter(
    ({ connections, perSecond, overhead: added }) =>
      (connections === 1 || perSecond !== undefined) && added > AIM_OVERHEAD,
  )
  if (missed.length > 0) process.exitCode = 1
  if (values.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
    return
  }
  for (const one of result.overhead) {
    const { connections, perSecond, direct: there, proxied: here, overhead: added } = one
    const pace = perSecond === undefined ? '' : `, ${perSecond} requests per second`
    process.stdout.write(
      `${connections} connections${pace}: ${there.p50.toFixed(2)} ms directly (${there.rate.toFixed(0)}/s), ` +
        `${here.p50.toFixed(2)} ms forwarded (${here.rate.toFixed(0)}/s, p99 ${here.p99.toFixed(2)}): ` +
        `${added.toFixed(2)} ms more\n`,
    )
  }
  const { direct: there, proxied: here, growth, peak } = result.large
  process.stdout.write(
    `50 MB: ${there.toFixed(0)} MB/s directly, ${here.toFixed(0)} MB/s forwarded; ` +
      `the process grew by ${growth.toFixed(1)} MB, to ${peak.toFixed(0)}\n`,
  )
}
