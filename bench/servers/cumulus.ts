/** Cumulus: the production bundle on plain workerd, of this checkout or of another one. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../cli/host/bundle.ts'
import { startWorkerd } from '../../cli/host/workerd.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { freePort } from '../../test/support/server.ts'
import { end, onEarlyExit, programOf } from './process.ts'
import {
  operator,
  type Running,
  type Server,
  SHARED_SETTINGS,
  type SignUp,
  untilAnswering,
} from './server.ts'

interface CumulusOptions {
  dataDirectory: string
  /** In tables. */
  name?: string
  /** Folder of another checkout, to run its server instead of this one's. */
  checkout?: string
  /** Answers then report their SQLite rows, and are validated: not for timing. */
  devMode?: boolean
  /** Port on which V8's inspector listens; then what does the host's work beside workerd is this process: not for timing. */
  inspectorPort?: number
  /** The PLC directory, where did:plc accounts are made. */
  plcUrl?: string
  /** Settings beyond those of every run. */
  settings?: RawSettings
}

export class Cumulus implements Server {
  readonly kind: 'cumulus' | 'checkout'
  readonly name: string
  /** Its operator needs no invitation. */
  readonly signUp: SignUp = { did: ['web', 'plc'], domain: '.test', authorization: operator() }
  readonly options: CumulusOptions

  constructor(options: CumulusOptions) {
    this.kind = options.checkout === undefined ? 'cumulus' : 'checkout'
    this.name = options.name ?? this.kind
    this.options = options
  }

  /** The same server with other options. */
  with(changes: Partial<CumulusOptions>): Cumulus {
    return new Cumulus({ ...this.options, ...changes })
  }

  /** Starts what `npm start` does, without npm: Node, which does the work beside workerd, and workerd. */
  async start(): Promise<Running> {
    const { dataDirectory, checkout = ROOT, inspectorPort } = this.options
    const port = await freePort()
    const raw = rawSettings(this.options, port)
    const origin = `http://127.0.0.1:${port}`
    if (inspectorPort !== undefined) {
      const options = { dataDirectory, port, raw, bind: '127.0.0.1', inspectorPort }
      const workerd = await startWorkerd({ ...options, output: 'ignore' })
      const { pid } = workerd.process
      return { server: this, origin, pid, root: pid, stop: () => end(workerd.process) }
    }
    // Nothing of another checkout is imported: its files may have other names.
    const child = spawn('sh', ['-c', startScript(checkout)], {
      cwd: checkout,
      env: {
        PATH: `${join(checkout, 'node_modules', '.bin')}:${process.env.PATH}`,
        // What somebody keeps in pds.env is not measured.
        CUMULUS_ENV_FILE: '',
        ...raw,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = new AbortController()
    onEarlyExit(child, `the server of ${checkout}`, (error) => ended.abort(error))
    await untilAnswering(origin, ended.signal)
    const pid = programOf(child.pid ?? 0, 'workerd')
    return { server: this, origin, pid, root: child.pid, stop: () => end(child) }
  }
}

function startScript(checkout: string): string {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  return scripts.start
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
    // It makes one account by itself, whose identity needs no directory.
    PDS_FIRST_DID_METHOD: 'web',
    // The reference logs nothing unless it is told to.
    LOG_LEVEL: 'error',
    PDS_DEV_MODE: devMode ? 'true' : 'false',
    // The directory is on this machine, which Cumulus would not call otherwise.
    ...(plcUrl ? { PDS_DISABLE_SSRF_PROTECTION: 'true' } : {}),
    // One that does not answer where none is needed: the host would bring one.
    PDS_DID_PLC_URL: plcUrl ?? 'http://127.0.0.1:9',
    ...settings,
  }
}
