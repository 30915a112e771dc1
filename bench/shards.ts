/**
 * `node bench/shards.ts`: what a log takes that several objects share, on the production server on plain workerd, with a
 * million accounts that are rows only. Writers deliver events to the objects as accounts do; a consumer reads the firehose, and
 * looks at the order of all numbers. There all objects share one thread, so the rate does not rise with their number: what
 * can be seen is what an event costs, and that nothing is missing. docs/scaling.md has the table.
 *
 * ACCOUNTS, SECONDS, WRITERS and SHARDS (such as `1,2,4`) say how much.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { wranglerBundling } from '../cli/dev/bundle/wrangler-options.ts'
import { compressedTexts } from '../cli/host/build/compressed-texts.ts'
import { standIns } from '../cli/host/build/stand-ins.ts'
import { bundleModules, ROOT } from '../cli/host/bundle.ts'
import { startWorkerd } from '../cli/host/workerd.ts'
import { table } from './report/text.ts'

const ACCOUNTS = Number(process.env.ACCOUNTS ?? 1_000_000)
const SECONDS = Number(process.env.SECONDS ?? 20)
const WRITERS = Number(process.env.WRITERS ?? 256)
const SHARDS = (process.env.SHARDS ?? '1,2,4').split(',').map(Number)

const folder = mkdtempSync(join(tmpdir(), 'cumulus-shards-'))

/** Builds the server with the writers in it. @returns its modules */
async function bundle() {
  const { files, options, plugin } = wranglerBundling(ROOT)
  const texts = new Map<string, Uint8Array>()
  const { outputFiles } = await build({
    ...options,
    entryPoints: { worker: join(ROOT, 'src/testing/log-load.ts') },
    outdir: folder,
    chunkNames: '[name]-[hash]',
    splitting: true,
    minify: true,
    write: false,
    plugins: [standIns, compressedTexts(texts), plugin],
  })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  for (const [name, bytes] of texts) writeFileSync(join(folder, name), bytes)
  for (const { name, path } of files.values()) {
    writeFileSync(join(folder, basename(name)), readFileSync(path))
  }
  return bundleModules(join(folder, 'worker.js'))
}

/** ms of CPU of a process so far, and its resident MB. */
function usage(pid: number): { cpu: number; mb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  const pages = Number(fields[21])
  return { cpu: ticks * 10, mb: (pages * 4096) / 1e6 }
}

const bytesOf = (directory: string): number =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) =>
      entry.isFile() ? sum + statSync(join(entry.parentPath, entry.name)).size : sum,
    0,
  )

/** Counts what a consumer gets, and what of it is out of order. */
function listen(origin: string) {
  const got = { frames: 0, misplaced: 0 }
  let last = 0n
  const socket = new WebSocket(
    `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`,
  )
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => {
    const bytes = Buffer.from(data as ArrayBuffer)
    // The key "seq" and the head of a number of eight bytes.
    const at = bytes.indexOf(Buffer.from([0x63, 0x73, 0x65, 0x71, 0x1b]))
    const seq = bytes.readBigUInt64BE(at + 5)
    if (last !== 0n && seq !== last + 1n) got.misplaced++
    last = seq
    got.frames++
  })
  const opened = new Promise((resolve) => socket.addEventListener('open', resolve))
  return { got, socket, opened }
}

async function measure(modules: Awaited<ReturnType<typeof bundle>>, shards: number) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-shards-data-'))
  const secret = 'a secret of the bench only, 0123456789abcdef'
  const server = await startWorkerd({
    ...{ dataDirectory, port: 0, bind: '127.0.0.1', modules, output: 'inherit' },
    raw: {
      ...{ PDS_JWT_SECRET: secret, PDS_KEY_SECRET: '11'.repeat(32) },
      ...{ PDS_ADMIN_PASSWORD: secret, PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '22'.repeat(32) },
      ...{ PDS_CRAWLERS: 'none', PDS_BSKY_APP_VIEW_URL: 'none', PDS_CHAT_URL: 'none' },
      ...{ PDS_LOG_SHARDS: String(shards), LOG_LEVEL: 'error' },
    },
  })
  const origin = `http://127.0.0.1:${server.port}`
  const pid = server.process.pid ?? 0
  const ask = async (path: string): Promise<Record<string, number>> => {
    const response = await fetch(`${origin}/load/${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, number>
  }
  try {
    const filled = await ask('fill?accounts=0')
    for (let now = filled; now.shards !== shards; now = await ask('fill?accounts=0'))
      await sleep(100)
    await ask(`fill?accounts=${ACCOUNTS}`)
    const { got, socket, opened } = listen(origin)
    await opened
    // Until the sequencer has found that it has nothing to catch up with.
    await sleep(500)
    const writing = (ms: number) => ask(`write?accounts=${ACCOUNTS}&writers=${WRITERS}&ms=${ms}`)
    const first = await writing(2_000)
    const [before, bytes] = [usage(pid), bytesOf(dataDirectory)]
    const { written = 0, ms = 1 } = await writing(SECONDS * 1000)
    const all = written + (first.written ?? 0)
    for (const until = Date.now() + 10_000; got.frames < all && Date.now() < until; )
      await sleep(20)
    const after = usage(pid)
    const wal = bytesOf(dataDirectory)
    socket.close()
    return [
      String(shards),
      String(Math.round((written / ms) * 1000)),
      ((after.cpu - before.cpu) / written).toFixed(2),
      after.mb.toFixed(0),
      ((wal - bytes) / written).toFixed(0),
      `${got.frames} of ${all}, ${got.misplaced} misplaced`,
    ]
  } finally {
    server.process.kill('SIGKILL')
    await server.exited
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

try {
  const modules = await bundle()
  const rows: string[][] = []
  for (const shards of SHARDS) {
    rows.push(await measure(modules, shards))
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`)
  }
  const head = ['objects', 'events/s', 'CPU ms', 'MB', 'bytes on disk', 'the consumer got']
  process.stdout.write(`${table(head, rows)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
