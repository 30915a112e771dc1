/** Cumulus: the production bundle on plain workerd, as `npm start` runs it. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startWorkerd } from '../../cli/workerd.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { Xrpc } from '../load/client.ts'
import { newAccount } from '../load/new-account.ts'
import { end, freePort, ServerStartError } from './process.ts'
import {
  type Account,
  ADMIN_PASSWORD,
  BLOB_LIMIT,
  type Host,
  JWT_SECRET,
  type Running,
} from './server.ts'

export interface CumulusOptions {
  dataDirectory: string
  /** Answers then say how many rows they cost, and are checked against their lexicons: not for timing. */
  devMode?: boolean
  /** Port on which V8's inspector listens. */
  inspectorPort?: number
  /** The PLC directory, where did:plc accounts are made. */
  plcUrl?: string
}

export class Cumulus implements Host {
  readonly name = 'cumulus'
  readonly #options: CumulusOptions

  constructor(options: CumulusOptions) {
    this.#options = options
  }

  async start(): Promise<Running> {
    const { dataDirectory, devMode, inspectorPort, plcUrl } = this.#options
    const raw: RawSettings = {
      PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
      PDS_JWT_SECRET: JWT_SECRET,
      PDS_KEY_SECRET: 'bench key secret, long enough',
      PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
      PDS_CRAWLERS: 'none',
      PDS_BSKY_APP_VIEW_URL: 'none',
      PDS_CHAT_URL: 'none',
      // The reference logs nothing unless it is told to.
      LOG_LEVEL: 'error',
      PDS_BLOB_UPLOAD_LIMIT: BLOB_LIMIT,
      ...(devMode ? { PDS_DEV_MODE: 'true' } : {}),
      // The directory is on this machine, which Cumulus would not call otherwise.
      ...(plcUrl ? { PDS_DID_PLC_URL: plcUrl, PDS_DISABLE_SSRF_PROTECTION: 'true' } : {}),
    }
    const port = inspectorPort === undefined ? 0 : await freePort()
    const workerd = await startWorkerd({ dataDirectory, port, raw, output: 'ignore' })
    if (inspectorPort === undefined) return running(workerd.port, workerd.process)
    // The configuration is written; the same again, with the inspector.
    await end(workerd.process)
    return startInspected(dataDirectory, port, inspectorPort, raw)
  }

  async createAccount(running: Running, handle: string): Promise<Account> {
    const client = new Xrpc(running.origin, 1)
    try {
      const { body } = await client.call<{ did: string; accessJwt: string }>(
        newAccount('cumulus', handle, 'web'),
      )
      return { did: body.did, handle, token: body.accessJwt }
    } finally {
      await client.close()
    }
  }
}

function running(port: number, child: ReturnType<typeof spawn>): Running {
  if (child.pid === undefined) throw new ServerStartError('workerd has no process')
  const origin = `http://127.0.0.1:${port}`
  return { name: 'cumulus', origin, pid: child.pid, stop: () => end(child) }
}

async function startInspected(
  dataDirectory: string,
  port: number,
  inspectorPort: number,
  raw: RawSettings,
): Promise<Running> {
  const workerd = (createRequire(import.meta.url)('workerd') as { default: string }).default
  const child = spawn(
    workerd,
    ['serve', `--inspector-addr=127.0.0.1:${inspectorPort}`, join(dataDirectory, 'workerd.capnp')],
    { cwd: dataDirectory, env: { ...process.env, ...raw }, stdio: 'ignore' },
  )
  const server = running(port, child)
  for (;;) {
    if (child.exitCode !== null) throw new ServerStartError('workerd with the inspector ended')
    const up = await fetch(`${server.origin}/xrpc/com.atproto.server.describeServer`).catch(
      () => null,
    )
    if (up?.ok) return server
  }
}
