/**
 * `npm run bench:directory`: what a directory of a million accounts takes, with one object and with several that share what is
 * looked up, on the production server on plain workerd; accounts are rows only. The number of objects is raised, and lowered
 * again, while accounts are looked up and signed up. There all objects share one thread, so the rate does not rise with their number: what
 * can be seen is what a question costs, how large each object is, and how long a change takes. docs/scaling.md has what came of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BundleModule } from '../cli/host/bundle.ts'
import type { HostReport } from '../src/contracts/host-report.ts'
import { readCounts } from './counts.ts'
import { bundleOf, bytesOf, spread, startOwn, usage } from './load/own-entry.ts'
import { table } from './report/text.ts'

const options = readCounts(
  'npm run bench:directory -- [OPTIONS]',
  `A directory with accounts that are rows only, on the production server on plain workerd: what looking up and signing up cost, how
large each object is, and how long a change of their number takes while the host serves. Linux only.`,
  {
    shards: {
      about: 'objects that share look-ups, in the order in which the host has them',
      unless: '1,4,1',
    },
    accounts: {
      about: 'accounts, which are rows only; a million take some minutes to fill',
      unless: '1000000',
    },
    seconds: { about: 'how long each thing is measured', unless: '5' },
    'at-once': { about: 'questions that are under way at once', unless: '32' },
  },
)
const [ACCOUNTS] = options.accounts
const [SECONDS] = options.seconds
const [AT_ONCE] = options['at-once']
const SHARDS = options.shards
/** Accounts stored by one request. */
const FILL = 10_000
/** ms of one look while the number of objects is changed. */
const SLICE = 1_000

type DirectoryReport = NonNullable<HostReport['directory']>

interface Repeated {
  times: number[]
  ms: number
}

const say = (text: string) => process.stderr.write(`${text}\n`)
const seconds = (ms: number) => (ms / 1000).toFixed(1)

/** What is asked of one server. */
function asking(port: number, pid: number) {
  async function ask<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${port}/load/${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
  /** @returns rate, p50 / p99 in ms, ms of CPU of each */
  async function measure(path: string, ms: number): Promise<[string, string, string]> {
    const before = usage(pid).cpu
    const query = `ms=${ms}&at-once=${AT_ONCE}&accounts=${ACCOUNTS}`
    const done = await ask<Repeated>(`${path}${path.includes('?') ? '&' : '?'}${query}`)
    const count = done.times.length
    return [
      String(Math.round((count / done.ms) * 1000)),
      spread(done.times),
      ((usage(pid).cpu - before) / count).toFixed(2),
    ]
  }
  return { ask, measure }
}

/** Looks while objects are being filled. @returns how long that took, in ms, and what a look took meanwhile */
async function untilFilled({ ask, measure }: ReturnType<typeof asking>) {
  const began = Date.now()
  const meanwhile: string[] = []
  for (;;) {
    for (const by of ['did', 'email'] as const) {
      const at = Date.now()
      const [rate, ages] = await measure(`look?by=${by}`, SLICE)
      meanwhile.push(`${by} ${rate}/s, ${ages} ms, in ${seconds(Date.now() - at)} s`)
    }
    const { shards } = await ask<DirectoryReport>('report')
    const looked = shards.map(({ copying }) => copying?.looked ?? '-')
    say(
      `  ${seconds(Date.now() - began)} s: ${meanwhile.slice(-2).join('; ')}; ${looked.join(' ')}`,
    )
    if (shards.every(({ complete }) => complete)) return { ms: Date.now() - began, meanwhile }
  }
}

async function measureAll(modules: BundleModule[], dataDirectory: string): Promise<string[][]> {
  const rows: string[][] = []
  for (const [turn, shards] of SHARDS.entries()) {
    const server = await startOwn(modules, dataDirectory, { PDS_DIRECTORY_SHARDS: String(shards) })
    const pid = server.process.pid ?? 0
    const asked = asking(server.port, pid)
    try {
      if (turn === 0) {
        const began = Date.now()
        for (let from = 0; from < ACCOUNTS; from += FILL)
          await asked.ask(`fill?from=${from}&to=${Math.min(from + FILL, ACCOUNTS)}`)
        say(`${ACCOUNTS} accounts in ${seconds(Date.now() - began)} s`)
      }
      say(`${shards} objects`)
      const cpu = usage(pid).cpu
      const change = await untilFilled(asked)
      const filling = usage(pid).cpu - cpu
      const row = [String(shards), shards > 1 ? seconds(change.ms) : '–', seconds(filling)]
      for (const by of ['did', 'handle', 'email']) {
        row.push((await asked.measure(`look?by=${by}`, SECONDS * 1000)).join(', '))
      }
      row.push((await asked.measure('sign-up', SECONDS * 1000)).join(', '))
      const report = await asked.ask<DirectoryReport>('report')
      const each = report.shards.map(({ bytes }) => (bytes / 1e6).toFixed(0))
      row.push((report.bytes / 1e6).toFixed(0), each.join(' ') || '–')
      row.push((bytesOf(dataDirectory) / 1e6).toFixed(0), usage(pid).mb.toFixed(0))
      rows.push(row)
      say(row.join('  '))
    } finally {
      server.process.kill('SIGKILL')
      await server.exited
    }
  }
  return rows
}

const { modules, remove } = await bundleOf('src/testing/directory-load.ts')
const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-directory-data-'))
try {
  const rows = await measureAll(modules, dataDirectory)
  const asked = (what: string) => `${what}: per s, ms p50 / p99, CPU ms`
  const head = ['objects', 'filled after s', 'CPU s until then']
  head.push(asked('by DID'), asked('by handle'), asked('by address'), asked('sign-ups'))
  head.push('directory MB', 'each object MB', 'on disk MB', 'memory MB')
  process.stdout.write(`${table(head, rows)}\n`)
} finally {
  rmSync(dataDirectory, { recursive: true, force: true })
  remove()
}
