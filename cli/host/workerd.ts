/** Runs the production bundle on plain workerd, with its data in a folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, type Readable } from 'node:stream'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { BUNDLE } from './bundle.ts'
import { compileConfig, readingInput } from './compiled-config.ts'
import { makeControlSocket } from './control.ts'
import { startDiskSpace } from './disk-space.ts'
import { endingWithUs, killWhenWeEnd } from './ends-with-us.ts'
import { writeInWords } from './log-text.ts'
import { startMailRelay } from './mail-relay.ts'
import { startPasswordHasher } from './password-hasher.ts'
import { PRIVATE_UMASK } from './private-data.ts'
import { holdMap } from './stack-places.ts'
import { unreadLimit } from './unread-limit.ts'
import { type WorkerModule, workerdConfig } from './workerd-config.ts'

export interface WorkerdOptions {
  dataDirectory: string
  /** 0 picks a free port. */
  port: number
  /** The IP address to listen on. */
  bind: string
  raw: RawSettings
  /** Whether it reaches nobody: for a host that is only looked at from this machine. */
  offline?: boolean
  /** Names that look like settings and are none, for the operator to be told. */
  unknown?: readonly string[]
  /** How often workerd has ended by itself before. */
  restarts?: number
  /** When it was ended just before, as it did not answer any more, in ms since the epoch. */
  stuckAt?: number | undefined
  /** Where the log goes; `text`: in words; a function takes the stream of the log, and that of errors, itself. */
  output?: 'inherit' | 'text' | 'ignore' | ((log: Readable) => void)
  /** The Worker, its entry first (default: the production bundle). */
  modules?: readonly WorkerModule[]
  /** Port of the inspector, on 127.0.0.1 (default: there is none). */
  inspectorPort?: number | undefined
}

export interface RunningWorkerd {
  port: number
  process: ChildProcess
  /** Path of the Unix socket of its `Control`. */
  control: string
  /** Resolves when the process has ended. */
  exited: Promise<number | null>
}

/** workerd ended before it was listening. */
export class WorkerdStartError extends Error {
  override name = 'WorkerdStartError'
}

/**
 * Starts workerd and resolves when it listens.
 *
 * @throws WorkerdStartError, with what it printed
 */
export async function startWorkerd(options: WorkerdOptions): Promise<RunningWorkerd> {
  const { dataDirectory, unknown = [], output = 'inherit' } = options
  const raw = { PDS_FIREHOSE_MAX_UNREAD: String(unreadLimit()), ...options.raw }
  for (const folder of ['objects', 'blobs']) {
    mkdirSync(join(dataDirectory, folder), { recursive: true, mode: 0o700 })
  }
  // Looked for while the configuration is written.
  const tied = endingWithUs()
  const hasher = await startPasswordHasher()
  let child: ChildProcess | undefined
  const { restarts = 0 } = options
  const startedAt = Date.now()
  const disk = await startDiskSpace(dataDirectory, () => ({ pid: child?.pid, restarts, startedAt }))
  const { PDS_EMAIL_SMTP_URL: smtp } = raw
  const mail = smtp ? await startMailRelay(smtp) : undefined
  const control = makeControlSocket()
  const sockets = {
    control: control.path,
    hasher: hasher.socket,
    disk: disk.socket,
    mail: mail?.socket,
  }
  const stopServices = () => {
    control.remove()
    hasher.stop()
    disk.stop()
    mail?.stop()
  }
  const config = await compileConfig(
    workerdBinary(),
    dataDirectory,
    workerdConfig({ ...options, raw }, sockets),
  ).catch((error: Error & { stderr?: Buffer }) => {
    stopServices()
    throw new WorkerdStartError(error.stderr?.toString().trim() || error.message)
  })
  const before = await tied
  // The child has it from here: databases, their logs and blobs are its owner's only.
  const umask = process.umask(PRIVATE_UMASK)
  const inspector = options.inspectorPort
    ? [`--inspector-addr=127.0.0.1:${options.inspectorPort}`]
    : []
  const serve = ['serve', '--control-fd=3', ...inspector, ...readingInput(dataDirectory)]
  const [program = '', ...words] = [...before, workerdBinary(), ...serve]
  child = spawn(program, words, {
    cwd: dataDirectory,
    // Settings travel in the environment, so that no secret is written into the configuration.
    env: {
      ...process.env,
      UNKNOWN_SETTINGS: unknown.join(' '),
      STUCK_AT: String(options.stuckAt ?? ''),
      ...raw,
    },
    stdio: ['pipe', output === 'inherit' || output === 'ignore' ? output : 'pipe', 'pipe', 'pipe'],
    // A terminal would send Ctrl-C to it as well, and end it with its requests.
    detached: true,
  })
  process.umask(umask)
  const serving = child
  // One that ends before it has read all says why itself.
  serving.stdin?.on('error', () => undefined).end(config)
  const exited = new Promise<number | null>((resolve) => serving.once('exit', resolve))
  if (before.length === 0) killWhenWeEnd(serving)
  // Where nothing else ends it with this process.
  const stop = () => void serving.kill('SIGTERM')
  process.once('exit', stop)
  serving.once('exit', () => {
    process.off('exit', stop)
    stopServices()
  })
  let printed = ''
  let started = false
  const errors = new PassThrough()
  const readErrors = (all: Buffer) => {
    const chunk = withoutNotice(all)
    if (!started) printed += chunk.toString()
    else if (output === 'inherit') process.stderr.write(inWords(chunk))
    else if (output !== 'ignore') errors.write(inWords(chunk))
  }
  serving.stderr?.on('data', readErrors)
  if (output === 'text') {
    // Only the name of the entry is the same in each bundle.
    const { maps: held, release } = holdMap(`${BUNDLE}.map`)
    serving.once('close', release)
    writeInWords(errors, process.stderr, held)
    if (serving.stdout) writeInWords(serving.stdout, process.stdout, held)
  } else if (typeof output === 'function') {
    output(errors)
    if (serving.stdout) output(serving.stdout)
  }
  const port = await Promise.race([
    listening(serving.stdio[3] as Readable),
    exited.then(() => null),
  ])
  if (port === null) throw new WorkerdStartError(explain(printed.trim(), options))
  started = true
  if (printed !== '') readErrors(Buffer.from(printed))
  return { port, process: serving, control: control.path, exited }
}

/** Said at each start with flags of V8 for its heap: some 4 ms of it. Nobody can do anything about it. */
const NOTICE =
  /^workerd\/\S+: warning: NOSENTRY per-isolate bootstrap compile cache failed its compatibility check.*\n/gm

/** The bytes stay as they are: a chunk may end within a character. */
const withoutNotice = (printed: Buffer): Buffer =>
  printed.includes('NOSENTRY')
    ? Buffer.from(printed.toString('latin1').replace(NOTICE, ''), 'latin1')
    : printed

const REFUSED = '"message":"the settings are wrong"'

/** A refusal of the settings is for whoever started the server: a line of JSON with a stack is hard to read. */
function inWords(printed: Buffer): Buffer | string {
  if (!printed.includes(REFUSED)) return printed
  return printed.toString().replace(/^.*$/gm, (line) => {
    // A line that is in two pieces stays as it is.
    if (!line.includes(REFUSED) || !line.endsWith('}')) return line
    const { error } = JSON.parse(line) as { error: string }
    return `\n${error.replace(/^ConfigError: /, '').replaceAll('\n', '\n\n')}\n`
  })
}

/** The commonest reason in words that say what to do about it. */
function explain(printed: string, { port, bind }: WorkerdOptions): string {
  if (printed.includes('Address already in use')) {
    return `Port ${port} is in use: stop what listens there, or choose another with PDS_PORT.`
  }
  return printed.includes('Cannot assign requested address')
    ? `${bind} is no address of this machine: set PDS_BIND to one that is, or to 0.0.0.0 for all.`
    : printed
}

/** workerd writes a line of JSON to the control pipe for each socket it opens. */
async function listening(control: Readable): Promise<number | null> {
  for await (const line of createInterface({ input: control })) {
    const event = JSON.parse(line) as { event: string; socket?: string; port?: number }
    if (event.event === 'listen' && event.socket === 'http' && event.port !== undefined) {
      control.resume()
      return event.port
    }
  }
  return null
}

export function workerdBinary(): string {
  return (createRequire(import.meta.url)('workerd') as { default: string }).default
}
