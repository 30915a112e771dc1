/** Runs the production bundle on plain workerd, with its data in a folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, type Readable } from 'node:stream'
import { readConfig } from '../../src/kernel/config/config.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { inUrl } from '../settings/local.ts'
import { BUNDLE, textModules } from './bundle.ts'
import { makeControlSocket } from './control.ts'
import { startDiskSpace } from './disk-space.ts'
import { writeInWords } from './log-text.ts'
import { startMailRelay } from './mail-relay.ts'
import { startPasswordHasher } from './password-hasher.ts'
import { PRIVATE_UMASK } from './private-data.ts'

/** As in wrangler.toml, which workerd does not read. */
export const COMPATIBILITY = { date: '2026-11-01', flags: ['no_web_socket_compression'] } as const

/**
 * What an isolate may have of short-lived values before V8 collects them, in MB. As it grows to 32 MB by itself, which
 * costs 100 MB of memory and more under load and makes nothing faster that was measured, less is set here.
 */
const V8_SEMI_SPACE = 8

const OBJECTS = {
  ACCOUNTS: 'AccountObject',
  DIRECTORY: 'DirectoryObject',
  SEQUENCER: 'SequencerObject',
  OAUTH: 'OAuthObject',
  INDEX: 'IndexObject',
  APP: 'AppObject',
} as const

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
  /** Where the log goes; `text`: in words. */
  output?: 'inherit' | 'text' | 'ignore'
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
  const { dataDirectory, raw, unknown = [], output = 'inherit' } = options
  for (const folder of ['objects', 'blobs']) {
    mkdirSync(join(dataDirectory, folder), { recursive: true, mode: 0o700 })
  }
  const configPath = join(dataDirectory, 'workerd.capnp')
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
  writeFileSync(configPath, workerdConfig(options, sockets), { mode: 0o600 })
  // The child has it from here: databases, their logs and blobs are its owner's only.
  const umask = process.umask(PRIVATE_UMASK)
  child = spawn(workerdBinary(), ['serve', '--control-fd=3', configPath], {
    cwd: dataDirectory,
    // Settings travel in the environment, so that no secret is written into the configuration.
    env: {
      ...process.env,
      UNKNOWN_SETTINGS: unknown.join(' '),
      STUCK_AT: String(options.stuckAt ?? ''),
      ...raw,
    },
    stdio: ['ignore', output === 'text' ? 'pipe' : output, 'pipe', 'pipe'],
    // A terminal would send Ctrl-C to it as well, and end it with its requests.
    detached: true,
  })
  process.umask(umask)
  const serving = child
  const exited = new Promise<number | null>((resolve) => serving.once('exit', resolve))
  // It would go on without this process, and without what that does for it.
  const endWithUs = () => void serving.kill('SIGTERM')
  process.once('exit', endWithUs)
  serving.once('exit', () => {
    process.off('exit', endWithUs)
    control.remove()
    hasher.stop()
    disk.stop()
    mail?.stop()
  })
  let printed = ''
  let started = false
  const errors = new PassThrough()
  const readErrors = (chunk: Buffer) => {
    if (!started) printed += chunk.toString()
    else if (output === 'inherit') process.stderr.write(inWords(chunk))
    else if (output === 'text') errors.write(inWords(chunk))
  }
  serving.stderr?.on('data', readErrors)
  if (output === 'text') {
    writeInWords(errors, process.stderr)
    if (serving.stdout) writeInWords(serving.stdout, process.stdout)
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

const require = createRequire(import.meta.url)

export function workerdBinary(): string {
  return (require('workerd') as { default: string }).default
}

/** The folder that `[assets]` in wrangler.toml names. */
const pagesFolder = (): string =>
  dirname(require.resolve('@atproto/oauth-provider-ui/bundle-manifest.json'))

/** Unix sockets of the services in this process. */
interface Sockets {
  /** On which workerd listens. */
  control: string
  hasher: string
  disk: string
  mail: string | undefined
}

function workerdConfig(
  { dataDirectory, port, bind, raw, offline = false }: WorkerdOptions,
  sockets: Sockets,
): string {
  const objects = Object.entries(OBJECTS)
  const namespaces = objects.map(
    ([, className]) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  )
  const bindings = [
    ...objects.map(
      ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
    ),
    '(name = "BLOB_DISK", service = "blobs")',
    '(name = "ASSETS", service = "pages")',
    '(name = "OPERATOR_NETWORK", service = "operator-network")',
    '(name = "PASSWORD_HASHER", service = "password-hasher")',
    '(name = "DISK_SPACE", service = "disk-space")',
    ...(sockets.mail ? ['(name = "MAIL_RELAY", service = "mail-relay")'] : []),
    ...['UNKNOWN_SETTINGS', 'STUCK_AT', ...Object.keys(raw)].map(
      (name) => `(name = "${name}", fromEnvironment = "${name}")`,
    ),
  ]
  const { reachPrivate, memory } = readConfig({ ...raw })
  const bundle = relative(dataDirectory, BUNDLE)
  const modules = [
    `(name = "worker.js", esModule = embed "${bundle}")`,
    ...textModules().map(
      (name) => `(name = "${name}", text = embed "${join(dirname(bundle), name)}")`,
    ),
  ]
  const list = (items: string[]) => `[\n      ${items.join(',\n      ')}\n    ]`
  return `# Written by \`npm start\`; changes are lost.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = ["--max-semi-space-size=${V8_SEMI_SPACE}", "--max-old-space-size=${memory}"],
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true)),
    (name = "blobs", disk = (path = "blobs", writable = true)),
    (name = "pages", disk = (path = "${pagesFolder()}")),
    (name = "internet", network = ${offline ? NO_NETWORK : network(reachPrivate)}),
    (name = "operator-network", network = ${offline ? NO_NETWORK : network(true)}),
    (name = "password-hasher", external = (address = "unix:${sockets.hasher}", http = ())),
    (name = "disk-space", external = (address = "unix:${sockets.disk}", http = ()))${
      sockets.mail
        ? `,\n    (name = "mail-relay", external = (address = "unix:${sockets.mail}", http = ()))`
        : ''
    }
  ],
  sockets = [
    (name = "http", address = "${inUrl(bind)}:${port}", http = (), service = "main"),
    (name = "control", address = "unix:${sockets.control}", http = (),
      service = (name = "main", entrypoint = "Control"))
  ]
);

const worker :Workerd.Worker = (
  modules = ${list(modules)},
  compatibilityDate = "${COMPATIBILITY.date}",
  compatibilityFlags = ${JSON.stringify(COMPATIBILITY.flags)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "objects"),
  bindings = ${list(bindings)}
);
`
}

const NO_NETWORK = '(allow = [])'

/**
 * What may be connected to. It is decided by address when the connection is made, so that a name which leads to a
 * private address is stopped as well, whenever it is looked up and whatever it led to before.
 */
export const network = (reachPrivate: boolean): string =>
  `(allow = [${reachPrivate ? '"public", "private", "local"' : '"public"'}], tlsOptions = (trustBrowserCas = true))`
