/** The real server, started as a user starts it, for end-to-end tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

export const HANDLE = 'alice.test'
export const PASSWORD = 'correct horse battery'

/** Of a host that needs nobody else. */
const SETTINGS = {
  PDS_FIRST_HANDLE: HANDLE,
  PDS_FIRST_DID_METHOD: 'web',
  PDS_FIRST_PASSWORD: PASSWORD,
  PDS_DID_PLC_URL: 'http://127.0.0.1:9',
  PDS_BSKY_APP_VIEW_URL: 'none',
  PDS_CHAT_URL: 'none',
  PDS_CRAWLERS: 'none',
  // Numbers that can be read.
  PDS_FIREHOSE_FIRST_SEQ: '1',
  PDS_DEV_MODE: 'true',
}

export interface TestServer {
  origin: string
  dataDirectory: string
  /** Of `npm start`, whose child serves. */
  pid: number
  /** What `npm start` has printed so far. */
  readonly output: string
  /** Ends the server; with SIGKILL, as a crash would. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface TestServerOptions {
  /** The folder of an earlier run, to find its data again. */
  dataDirectory?: string
  port?: number
  /** The checkout whose program starts, if it is not this one. */
  project?: string
  /** The program itself, of a package. */
  program?: string
  /** The folder to start in. */
  cwd?: string
  env?: Record<string, string>
  /** Options of `cumulus serve`. */
  args?: string[]
  /** In a process group of its own, as a terminal makes one. */
  grouped?: boolean
  /** Only what says where: everything else is as for whoever has set nothing. */
  unset?: boolean
}

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'cumulus-'))
  const port = options.port ?? (await freePort())
  const child = spawn(
    process.execPath,
    [
      options.program ?? join(options.project ?? PROJECT, 'cli/cumulus.ts'),
      'serve',
      ...(options.args ?? []),
    ],
    {
      env: {
        PATH: process.env.PATH,
        CUMULUS_ENV_FILE: '',
        PDS_PORT: String(port),
        PDS_DATA_DIRECTORY: dataDirectory,
        ...(!options.unset && SETTINGS),
        ...options.env,
      },
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.grouped ?? false,
    },
  )
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  await untilRunning(child, () => output)
  return {
    origin: `http://127.0.0.1:${port}`,
    dataDirectory,
    pid: child.pid ?? 0,
    get output() {
      return output
    },
    async stop(signal = 'SIGTERM') {
      // It may have ended before, and been stopped already.
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = new Promise((resolve) => child.once('exit', resolve))
      // `npm start` would start it again, also between the look and its end. Without a child there is none to end: 0 is the
      // process group of whoever asks.
      if (signal === 'SIGKILL') child.kill('SIGSTOP')
      const workerd = signal === 'SIGKILL' ? workerdPidOf({ pid: child.pid ?? 0 }) : 0
      child.kill(signal)
      await exited
      if (workerd !== 0) await killAndWait(workerd)
    },
  }
}

function untilRunning(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (output().includes('Ctrl-C stops the server')) resolve()
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('exit', () => reject(new Error(`the server did not start:\n${output()}`)))
  })
}

async function killAndWait(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
  while (existsSync(`/proc/${pid}/fd`)) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The process that serves, a child of `npm start`; 0: there is none just now. */
export const workerdPidOf = ({ pid }: Pick<TestServer, 'pid'>): number =>
  Number(readChildren(pid).trim().split(' ')[0])

function readChildren(pid: number): string {
  return process
    .getBuiltinModule('node:fs')
    .readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
}

/**
 * Ports below those that the system gives out by itself: each other program, also a test beside this one, might be given one of
 * those before the server that it is for has started, or while that one is away. Processes of tests have a share each.
 */
const [FIRST_PORT, PORTS, SHARES] = [12_000, 20_000, 8]
const SHARE = PORTS / SHARES
const firstOfShare = FIRST_PORT + SHARE * (Number(process.env.VITEST_POOL_ID ?? 0) % SHARES)
let taken = Math.floor(Math.random() * SHARE)

/** A port at which nobody listens on this machine. The one behind it is nobody else's either. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries++) {
    taken += 2
    const port = firstOfShare + (taken % SHARE)
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
  throw new Error('no port is free')
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
