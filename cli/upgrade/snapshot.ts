/** What a host has, as strangers see it: taken before and after an upgrade, and compared. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'

/** ms in which a host answers after its start, migrations included, and in which it ends. */
const START = 10 * 60_000
const STOP = 40_000
/** Accounts in one page, and those whose data are read in full. */
const PAGE = 500
const READ_IN_FULL = 20
/** Characters of the log that are kept for who wants to know why it does not start. */
const KEPT_LOG = 4_000

export interface Snapshot {
  version: string
  /** Number of the newest event. */
  head: number
  /** Of each account: status, rev and CID of its head. */
  accounts: Record<string, string>
  /** Of some accounts: SHA-256 of the repository as a CAR file, and the CIDs of all blobs. */
  contents: Record<string, string>
}

export interface HostAt {
  /** Folder with the program. */
  root: string
  dataDirectory: string
}

/** Starts a host where nobody else reaches it, looks at it, and ends it. @throws CommandError when it does not start */
export async function takeSnapshot({ root, dataDirectory }: HostAt): Promise<Snapshot> {
  const port = await freePort()
  const { uid, gid } = lstatSync(dataDirectory)
  const owner = process.getuid?.() === 0 ? { uid, gid } : {}
  const child = spawn(process.execPath, [join(root, 'cli/cumulus.ts'), 'serve', '--log', 'json'], {
    cwd: root,
    env: {
      ...process.env,
      PDS_PORT: String(port),
      PDS_BIND: LOOPBACK,
      PDS_DATA_DIRECTORY: dataDirectory,
      // Not that of root, which its owner may not enter.
      ...('uid' in owner && { HOME: dataDirectory }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...owner,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-KEPT_LOG)
    })
  }
  try {
    const origin = `http://${LOOPBACK}:${port}`
    await untilHealthy(origin, child, () => log)
    return await look(origin)
  } finally {
    await end(child)
  }
}

async function untilHealthy(origin: string, child: ChildProcess, log: () => string) {
  const until = Date.now() + START
  while (child.exitCode === null && child.signalCode === null && Date.now() < until) {
    const response = await fetch(`${origin}/xrpc/_health`).catch(() => undefined)
    if (response?.ok) return
    await sleep(100)
  }
  throw new CommandError(`It does not start. What it logged last:\n${log().trim()}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP)
  await exited
  clearTimeout(late)
}

async function look(origin: string): Promise<Snapshot> {
  const { version, firehose } = (await ask(origin, '_health')) as {
    version: string
    firehose: { head: number }
  }
  const accounts: Record<string, string> = {}
  const active: string[] = []
  let cursor: string | undefined
  do {
    const page = await ask(origin, 'com.atproto.sync.listRepos', { limit: String(PAGE), cursor })
    const { repos } = page as {
      repos: { did: string; head: string; rev: string; active: boolean; status?: string }[]
    }
    for (const { did, head, rev, active: isActive, status = '' } of repos) {
      accounts[did] = [isActive ? 'active' : status, rev, head].join(' ')
      if (isActive) active.push(did)
    }
    cursor = (page as { cursor?: string }).cursor
  } while (cursor)
  // Spread over all of them, the same each time.
  const every = Math.max(1, Math.ceil(active.length / READ_IN_FULL))
  const contents: Record<string, string> = {}
  for (let at = 0; at < active.length; at += every) {
    const did = active[at] as string
    contents[did] = await contentOf(origin, did)
  }
  return { version, head: firehose.head, accounts, contents }
}

async function contentOf(origin: string, did: string): Promise<string> {
  const hash = createHash('sha256')
  const car = await get(origin, 'com.atproto.sync.getRepo', { did })
  for await (const chunk of car.body ?? []) hash.update(chunk)
  let cursor: string | undefined
  do {
    const page = await ask(origin, 'com.atproto.sync.listBlobs', { did, cursor })
    const { cids, cursor: next } = page as { cids: string[]; cursor?: string }
    for (const cid of cids) hash.update(`\n${cid}`)
    cursor = next
  } while (cursor)
  return hash.digest('hex')
}

const ask = async (origin: string, method: string, query: Query = {}): Promise<unknown> =>
  (await get(origin, method, query)).json()

type Query = Record<string, string | undefined>

async function get(origin: string, method: string, query: Query): Promise<Response> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]))
  const response = await fetch(`${origin}/xrpc/${method}?${new URLSearchParams(given)}`)
  if (!response.ok) throw new CommandError(`${method} is answered with status ${response.status}`)
  return response
}

/** What one snapshot has and another lacks or has otherwise, in words; empty: all is there. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const found: string[] = []
  if (after.head < before.head)
    found.push(`the firehose went back from ${before.head} to ${after.head}`)
  for (const [what, part] of [
    ['head', 'accounts'],
    ['records or blobs', 'contents'],
  ] as const) {
    for (const [did, value] of Object.entries(before[part])) {
      const now = after[part][did]
      if (now === undefined) found.push(`${did} is gone`)
      else if (now !== value) found.push(`the ${what} of ${did} changed`)
    }
  }
  return [...new Set(found)]
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, LOOPBACK, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
