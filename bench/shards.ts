/**
 * `npm run bench:shards`: what a log takes that several objects share, on the production server on plain workerd, with a
 * million accounts that are rows only. Writers deliver events to the objects as accounts do; a consumer reads the firehose, and
 * looks at the order of all numbers and at how old each event is. There all objects share one thread, so the rate does not rise
 * with their number: what can be seen is what an event costs, that nothing is missing, and for how long it goes on like that.
 * docs/scaling.md has what came of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BundleModule } from '../cli/host/bundle.ts'
import { readCounts } from './counts.ts'
import { bundleOf, bytesOf, spread, startOwn, usage } from './load/own-entry.ts'
import { table } from './report/text.ts'

const options = readCounts(
  'npm run bench:shards -- [OPTIONS]',
  `A log that several objects share, on the production server on plain workerd, with accounts that are rows only: what an event
costs, whether a consumer gets all of them in order, and how old they are then. All objects share one thread here, so the rate
does not rise with their number (docs/scaling.md). Less than a minute of writing says little of bytes on the disk. Linux only.`,
  {
    shards: { about: 'objects, one host after the other', unless: '1,2,4' },
    accounts: {
      about: 'accounts, which are rows only; a million take some minutes to fill',
      unless: '1000000',
    },
    seconds: { about: 'how long is written on each host', unless: '20' },
    writers: { about: 'deliveries that are under way at once', unless: '256' },
    rate: { about: 'events per second; 0 for as many as are taken', unless: '0' },
  },
)
const [ACCOUNTS] = options.accounts
const [SECONDS] = options.seconds
const [WRITERS] = options.writers
const [RATE] = options.rate
/** Seconds of one line of the report, and accounts stored by one request. */
const SLICE = 15
const FILL = 20_000

/**
 * A consumer, which comes back with its cursor when its connection is ended, as relays do: how many events it gets, what of
 * it is out of order, and how old each event is, in ms.
 */
class Listener {
  frames = 0
  misplaced = 0
  ages: number[] = []
  /** What it got that is no event. */
  told: string[] = []
  readonly #url: string
  #last: bigint | undefined
  #socket: WebSocket | undefined

  constructor(origin: string) {
    this.#url = `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`
  }

  /** Resolves when it listens. */
  open(): Promise<unknown> {
    const cursor = this.#last === undefined ? '' : `?cursor=${this.#last}`
    const socket = new WebSocket(`${this.#url}${cursor}`)
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => this.#take(Buffer.from(data as ArrayBuffer)))
    socket.addEventListener('close', () => {
      if (this.#socket === socket) void this.open()
    })
    this.#socket = socket
    return new Promise((resolve) => socket.addEventListener('open', resolve))
  }

  close(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #take(frame: Buffer): void {
    const number = frame.indexOf(SEQ)
    // A consumer that falls too far behind is told so, and comes back.
    if (number < 0) {
      this.told.push(frame.toString('latin1').replaceAll(/[^ -~]+/g, ' '))
      return
    }
    const seq = frame.readBigUInt64BE(number + SEQ.length)
    if (this.#last !== undefined && seq !== this.#last + 1n) this.misplaced++
    this.#last = seq
    this.frames++
    const at = frame.indexOf(TIME) + TIME.length
    this.ages.push(Date.now() - Date.parse(frame.toString('latin1', at, at + 24)))
  }
}

const SEQ = Buffer.from([0x63, ...Buffer.from('seq'), 0x1b])
/** The key "time" and the head of a text of 24 bytes. */
const TIME = Buffer.from([0x64, ...Buffer.from('time'), 0x78, 0x18])

interface Counts {
  events: number
  accounts: number
  batches: number
  bytes: number
}

const say = (text: string) => process.stderr.write(`${text}\n`)

async function measure(modules: BundleModule[], shards: number) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-shards-data-'))
  const server = await startOwn(modules, dataDirectory, { PDS_LOG_SHARDS: String(shards) })
  const origin = `http://127.0.0.1:${server.port}`
  const pid = server.process.pid ?? 0
  async function ask<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${origin}/load/${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
  try {
    while ((await ask<{ shards: number }>('fill?from=0&to=0')).shards !== shards) await sleep(100)
    const filled = Date.now()
    for (let from = 0; from < ACCOUNTS; from += FILL)
      await ask(`fill?from=${from}&to=${Math.min(from + FILL, ACCOUNTS)}`)
    say(
      `${shards}: ${ACCOUNTS} accounts in ${Math.round((Date.now() - filled) / 1000)} s, ${usage(pid).mb.toFixed(0)} MB`,
    )
    const got = new Listener(origin)
    await got.open()
    // Until the sequencer has found that it has nothing to catch up with.
    await sleep(500)
    let all = 0
    const writing = async (seconds: number) => {
      const load = `accounts=${ACCOUNTS}&writers=${WRITERS}&rate=${RATE}&ms=${seconds * 1000}`
      const { written, ms } = await ask<{ written: number; ms: number }>(`write?${load}`)
      all += written
      return { written, ms }
    }
    await writing(2)
    const [before, bytes, early] = [usage(pid), bytesOf(dataDirectory), all]
    got.ages = []
    const ages: number[] = []
    let [spent, peak] = [0, before.mb]
    for (let left = SECONDS; left > 0; left -= SLICE) {
      const { written, ms } = await writing(Math.min(SLICE, left))
      spent += ms
      const { mb } = usage(pid)
      peak = Math.max(peak, mb)
      const rate = Math.round((written / ms) * 1000)
      say(`  ${rate}/s, ${spread(got.ages)} ms, ${all - got.frames} under way, ${mb.toFixed(0)} MB`)
      for (const text of got.told.splice(0)) say(`  the consumer was told:${text}`)
      ages.push(...got.ages.splice(0))
    }
    for (const until = Date.now() + 10_000; got.frames < all && Date.now() < until; )
      await sleep(20)
    const [after, grown] = [usage(pid), bytesOf(dataDirectory) - bytes]
    got.close()
    const objects = await ask<Counts[]>('counts')
    const written = all - early
    const batches = objects.reduce((sum, one) => sum + one.batches, 0)
    const largest = Math.max(...objects.map((one) => one.bytes))
    return [
      String(shards),
      String(Math.round((written / spent) * 1000)),
      spread(ages),
      ((after.cpu - before.cpu) / written).toFixed(2),
      batches > 0 ? (all / batches).toFixed(1) : '–',
      (grown / written).toFixed(0),
      (largest / 1e6).toFixed(0),
      `${before.mb.toFixed(0)} / ${peak.toFixed(0)}`,
      `${got.frames} of ${all}, ${got.misplaced} misplaced`,
    ]
  } finally {
    server.process.kill('SIGKILL')
    await server.exited
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

const { modules, remove } = await bundleOf('src/testing/log-load.ts')
try {
  const rows: string[][] = []
  for (const shards of options.shards) {
    rows.push(await measure(modules, shards))
    say(rows.at(-1)?.join('  ') ?? '')
  }
  const head = [
    'objects',
    'events/s',
    'age ms, p50 / p99',
    'CPU ms',
    'events a batch',
    'bytes on disk',
  ]
  head.push('largest object MB', 'MB before / most', 'the consumer got')
  process.stdout.write(`${table(head, rows)}\n`)
} finally {
  remove()
}
