/** Cumulus: the production bundle on plain workerd, of this checkout or of another one. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../../cli/host/bundle.ts'
import { startWorkerd } from '../../cli/host/workerd.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { end, freePort, onEarlyExit } from './process.ts'
import { type Running, type Server, SHARED_SETTINGS, untilAnswering } from './server.ts'

interface CumulusOptions {
  dataDirectory: string
  /** Folder of another checkout, to run its server instead of this one's. */
  checkout?: string
  /** Answers then report their SQLite rows, and are validated: not for timing. */
  devMode?: boolean
  /** Port on which V8's inspector listens. */
  inspectorPort?: number
  /** The PLC directory, where did:plc accounts are made. */
  plcUrl?: string
  /** Settings beyond those of every run. */
  settings?: RawSettings
}

export class Cumulus implements Server {
  readonly name: Running['name']
  readonly options: CumulusOptions
  /** Undefined until workerd's configuration is written. */
  #port: number | undefined

  constructor(options: CumulusOptions) {
    this.name = options.checkout === undefined ? 'cumulus' : 'other'
    this.options = options
  }

  /** The same server with other options. */
  with(changes: Partial<CumulusOptions>): Cumulus {
    return new Cumulus({ ...this.options, ...changes })
  }

  /** Starts workerd itself, in the same way for every checkout. */
  async start(): Promise<Running> {
    const { dataDirectory, checkout = ROOT, inspectorPort } = this.options
    const port = this.#port ?? (await freePort())
    const raw = rawSettings(this.options, port)
    if (this.#port === undefined) await configure(this.options, port, raw)
    this.#port = port
    const workerd = createRequire(join(checkout, 'package.json'))('workerd') as { default: string }
    const inspector =
      inspectorPort === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspectorPort}`]
    const child = spawn(workerd.default, ['serve', ...inspector, 'workerd.capnp'], {
      cwd: dataDirectory,
      env: { ...process.env, ...raw },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = new AbortController()
    onEarlyExit(child, 'workerd', (error) => ended.abort(error))
    const origin = `http://127.0.0.1:${port}`
    await untilAnswering(origin, ended.signal)
    return { name: this.name, origin, pid: child.pid ?? 0, stop: () => end(child) }
  }
}

function rawSettings(options: CumulusOptions, port: number): RawSettings {
  const { dataDirectory, devMode, plcUrl, settings } = options
  return {
    ...SHARED_SETTINGS,
    PDS_DATA_DIRECTORY: dataDirectory,
    PDS_PORT: String(port),
    PDS_KEY_SECRET: 'bench key secret, long enough',
    PDS_CRAWLERS: 'none',
    PDS_BSKY_APP_VIEW_URL: 'none',
    PDS_CHAT_URL: 'none',
    // The reference logs nothing unless it is told to.
    LOG_LEVEL: 'error',
    ...(devMode ? { PDS_DEV_MODE: 'true' } : {}),
    // The directory is on this machine, which Cumulus would not call otherwise.
    ...(plcUrl ? { PDS_DID_PLC_URL: plcUrl, PDS_DISABLE_SSRF_PROTECTION: 'true' } : {}),
    ...settings,
  }
}

/** Lets a checkout write workerd's configuration into the data folder: starts it once. */
async function configure(
  { dataDirectory, checkout }: CumulusOptions,
  port: number,
  raw: RawSettings,
): Promise<void> {
  if (checkout === undefined) {
    const workerd = await startWorkerd({
      dataDirectory,
      port,
      raw,
      bind: '127.0.0.1',
      output: 'ignore',
    })
    return end(workerd.process)
  }
  // Nothing of another checkout is imported: its files may have other names.
  const child = spawn('npm', ['--silent', 'start'], {
    cwd: checkout,
    env: { ...process.env, ...raw },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    onEarlyExit(child, `the server of ${checkout}`, reject)
  })
  await end(child)
}
