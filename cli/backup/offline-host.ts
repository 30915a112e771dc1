/** A host on this machine that nobody else reaches, and that reaches nobody: to restore into, and to look at. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { HostSecrets } from '../../src/services/backup/host-secrets.ts'
import { ensureBundle } from '../host/bundle.ts'
import { COMPILED_CONFIG, CONFIG, servedFrom } from '../host/compiled-config.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { makeDataFolder } from '../host/private-data.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { startWorkerd } from '../host/workerd.ts'
import { LOOPBACK, makeSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'
import { HostClient } from './host-client.ts'
import { whenInterrupted } from './interrupt.ts'
import { readSecretsFile } from './secrets.ts'

/** What workerd has to end by itself, in ms. */
const GRACE = 1_000

export interface OfflineHost {
  /** As its operator. */
  client: HostClient
  stop(): Promise<void>
}

/** Settings of a host that asks nobody. */
const ALONE = {
  PDS_HOSTNAME: 'localhost',
  PDS_DID_PLC_URL: 'http://127.0.0.1:9',
  PDS_BSKY_APP_VIEW_URL: 'none',
  PDS_CHAT_URL: 'none',
  PDS_CRAWLERS: 'none',
  PDS_RATE_LIMITS_ENABLED: 'false',
  LOG_LEVEL: 'error',
} as const

/** Starts a host with these secrets in a folder. */
export async function startOfflineHost(folder: string, secrets: HostSecrets): Promise<OfflineHost> {
  ensureBundle(() => process.stderr.write('Building the server ...\n'))
  makeDataFolder(folder, () => undefined)
  await lockFolder(folder, 'stop it, or choose another folder.')
  await endLeftBehind(folder)
  const password = secrets.PDS_ADMIN_PASSWORD ?? randomBytes(32).toString('base64url')
  const known = only(secrets)
  const raw = { ...makeSecrets(known), ...known, ...ALONE, PDS_ADMIN_PASSWORD: password }
  const starting = startWorkerd({
    dataDirectory: folder,
    port: 0,
    bind: LOOPBACK,
    raw,
    output: 'ignore',
    offline: true,
  })
  // It is in no terminal's group: Ctrl-C does not reach it.
  const forget = whenInterrupted(async () => {
    const started = await starting
    started.process.kill('SIGKILL')
    await started.exited
  })
  const workerd = await starting
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  return {
    client: new HostClient(`http://${LOOPBACK}:${workerd.port}`, authorization),
    async stop() {
      forget()
      workerd.process.kill('SIGTERM')
      // It waits for connections that are kept open; what was answered is on the disk.
      const killing = setTimeout(() => workerd.process.kill('SIGKILL'), GRACE)
      await workerd.exited
      clearTimeout(killing)
    },
  }
}

/**
 * Ends workerd of a run with this folder that was killed and could not end it. Nobody else runs with the folder, which is
 * locked.
 */
async function endLeftBehind(folder: string): Promise<void> {
  const words = ` ${servedFrom(folder)} `
  // With which earlier releases started it.
  const configs = [COMPILED_CONFIG, CONFIG].map((name) => ` ${join(folder, name)}`)
  const listed = promisify(execFile)('ps', ['-ww', '-eo', 'pid=,args='], {
    maxBuffer: 16 * 1024 * 1024,
  })
  // In small containers there is no ps, and nothing outlives the program that it was started by.
  const { stdout } = await listed.catch(() => ({ stdout: '' }))
  for (const line of stdout.split('\n')) {
    const [, pid = '', program = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
    const serves = program.includes(words) || configs.some((config) => program.endsWith(config))
    if (!program.includes('workerd') || !serves) continue
    process.kill(Number(pid), 'SIGKILL')
    while (isRunning(Number(pid))) await sleep(20)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Secrets that the data are made with; those of other services are not needed. Nor is a rotation key that takes the place of
 * another: this host changes no identities, and the one that is started with its data begins with all of them.
 */
function only(secrets: HostSecrets): HostSecrets {
  const names =
    /^PDS_((NEXT_)?(JWT_SECRET|KEY_SECRET)|PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX|DPOP_SECRET)$/
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => names.test(name)))
}

/**
 * Writes the secrets into a data folder that has none.
 *
 * @returns all that are there
 * @throws CommandError where there are others
 */
export function putSecrets(folder: string, secrets: HostSecrets): HostSecrets {
  const path = join(folder, 'secrets.json')
  if (existsSync(path)) {
    const there = readSecretsFile(path)
    if (there.PDS_KEY_SECRET === secrets.PDS_KEY_SECRET) return there
    throw new CommandError(
      `${path} has the secrets of another host: restore into a folder that is empty.`,
    )
  }
  makeDataFolder(folder, () => undefined)
  // A backup may have been made where not all of them were known.
  const all = { ...secrets, ...makeSecrets(secrets) }
  writeFileSafely(path, `${JSON.stringify(all, null, 2)}\n`)
  return readSecretsFile(path)
}
