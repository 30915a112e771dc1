/** Settings of a host that runs here: from the environment, with secrets made up once and kept. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { didYouMean } from '../../codegen/did-you-mean.ts'
import { ConfigError } from '../../src/kernel/config/config.ts'
import { unknownSettings } from '../../src/kernel/config/describe.ts'
import { type LastingSecret, lastingSecrets } from '../../src/kernel/config/secret-settings.ts'
import {
  DEFAULT_PORT,
  parseSettings,
  type RawSettings,
  settings,
} from '../../src/kernel/config/settings.ts'
import { makeDataFolder } from '../host/private-data.ts'
import { createFileSafely, writeFileSafely } from '../host/safe-file.ts'

/** ms that workerd may not answer before it is ended, unless the settings say so. */
const STUCK_LIMIT = 60_000

/** The address that is listened on unless the settings name another. */
export const LOOPBACK = '127.0.0.1'

/** Secrets that a host cannot do without. */
const MADE_UP = {
  PDS_ADMIN_PASSWORD: 'base64url',
  PDS_JWT_SECRET: 'base64url',
  PDS_KEY_SECRET: 'base64url',
  // Any 32 bytes are a secp256k1 key, but for one case in 2^128.
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'hex',
} as const

type MadeUp = keyof typeof MADE_UP

/** Makes up the secrets that a host needs and `kept` does not have. */
export function makeSecrets(kept: RawSettings): RawSettings {
  const missing = (Object.keys(MADE_UP) as MadeUp[]).filter((name) => !kept[name])
  return Object.fromEntries(missing.map((name) => [name, randomBytes(32).toString(MADE_UP[name])]))
}

export interface LocalSettings {
  /** Absolute path of the data folder. */
  dataDirectory: string
  port: number
  /** The IP address to listen on. */
  bind: string
  /** ms that workerd may not answer before it is ended. */
  stuckLimit: number
  /** Everything that is set, secrets included, as the Worker gets it. */
  raw: RawSettings
  /** Names that are set and look like settings, but are none. */
  unknown: string[]
}

/**
 * Reads the settings from `env`. Secrets that are not set come from `secrets.json` in the data folder,
 * which is made at the first start and readable by its owner only.
 *
 * @throws ConfigError
 */
export function readLocalSettings(env: NodeJS.ProcessEnv): LocalSettings {
  const problems: string[] = []
  const parsed = parseSettings(env, problems)
  const unknown = unknownSettings(env)
  for (const name of unknown) {
    const meant = didYouMean(name, Object.keys(settings))
    process.stderr.write(`note: ${name} is set, but Cumulus has no setting of that name${meant}\n`)
  }
  if (parsed.PDS_DATA_LOCATION !== undefined && parsed.PDS_DATA_LOCATION !== 'auto') {
    problems.push(
      'PDS_DATA_LOCATION: only Cloudflare has places; here the data are in PDS_DATA_DIRECTORY',
    )
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  const dataDirectory = resolve(parsed.PDS_DATA_DIRECTORY ?? 'data')
  const given: RawSettings = Object.fromEntries(
    Object.keys(settings).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  )
  const wanted = { given, rotated: parsed.PDS_ROTATED_SECRETS ?? [] }
  // Before anything is made where a disk may be mounted later.
  if (parsed.PDS_KEYS_EXIST) assertHasKeys(dataDirectory, wanted)
  makeDataFolder(dataDirectory, (line) => process.stderr.write(`note: ${line}\n`))
  const kept = keptSecrets(dataDirectory, wanted)
  const raw: RawSettings = { ...kept, ...given }
  const { PDS_PORT: port = DEFAULT_PORT, PDS_BIND: bind = LOOPBACK } = parsed
  const stuckLimit = Math.max(parsed.PDS_STUCK_LIMIT_MS ?? STUCK_LIMIT, 1_000)
  return { dataDirectory, port, bind, stuckLimit, raw, unknown }
}

/** The origin under which this machine reaches what listens on an address. */
export function originAt(bind: string, port: number | string): string {
  const all: Record<string, string> = { '0.0.0.0': LOOPBACK, '::': '::1' }
  return `http://${inUrl(all[bind] ?? bind)}:${port}`
}

/** An IP address with brackets around it, if it needs them. */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address)

interface Wanted {
  given: RawSettings
  /** Secrets that may be others than before. */
  rotated: readonly LastingSecret[]
}

/** Secrets that data depend on, and that are nowhere. */
const lostOf = (kept: RawSettings, { given, rotated }: Wanted): string[] =>
  lastingSecrets.filter((name) => !(kept[name] || given[name]) && !rotated.includes(name))

/** @throws ConfigError where the folder is not the one in which a host had its keys */
function assertHasKeys(dataDirectory: string, wanted: Wanted): void {
  const path = join(dataDirectory, 'secrets.json')
  const lost = lostOf(readSecrets(path), wanted)
  if (lost.length === 0) return
  throw new ConfigError(
    `${dataDirectory} does not have the keys of this host, which was set up already (PDS_KEYS_EXIST): ${lost.join(', ')}. ` +
      'Nothing was made. Is a disk not mounted, or PDS_DATA_DIRECTORY another folder than before? If it is lost, restore a backup ' +
      'into it (npx cumulus restore). Only for a host that begins anew, without the accounts of before, take PDS_KEYS_EXIST out of ' +
      'the settings (pds.env).',
  )
}

/** @throws ConfigError where secrets are missing that accounts in this folder were made with */
function keptSecrets(dataDirectory: string, wanted: Wanted): RawSettings {
  const path = join(dataDirectory, 'secrets.json')
  const kept = readSecrets(path)
  const lost = lostOf(kept, wanted)
  if (lost.length > 0 && holdsData(dataDirectory)) {
    throw new ConfigError(
      `${dataDirectory} has data in it, but ${lost.join(', ')} ${lost.length > 1 ? 'are' : 'is'} not in ` +
        `${path}, nor set: restore secrets.json from a backup. With new ones nobody here could write. ` +
        'docs/secrets.md says what can be done where there is no backup.',
    )
  }
  const made = makeSecrets(kept)
  if (Object.keys(made).length === 0) return kept
  const all = { ...kept, ...made }
  const text = `${JSON.stringify(all, null, 2)}\n`
  if (existsSync(path)) writeFileSafely(path, text)
  // Of two that start at once, both go on with what one has made.
  else if (!createFileSafely(path, text)) return keptSecrets(dataDirectory, wanted)
  return all
}

/** Whether a server has run with this folder. */
export function holdsData(dataDirectory: string): boolean {
  const folder = join(dataDirectory, 'objects', 'DirectoryObject')
  return existsSync(folder) && readdirSync(folder).length > 0
}

function readSecrets(path: string): RawSettings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  const secrets = parseSecrets(text)
  // Made anew, the signing keys of every account would be lost.
  if (!secrets) throw new ConfigError(`${path} is damaged: restore it from a backup`)
  return secrets
}

/** @returns undefined for what is no JSON object of texts */
export function parseSecrets(text: string): RawSettings | undefined {
  try {
    const secrets: unknown = JSON.parse(text)
    const isObject = typeof secrets === 'object' && secrets !== null && !Array.isArray(secrets)
    return isObject && Object.values(secrets).every((value) => typeof value === 'string')
      ? secrets
      : undefined
  } catch {
    return undefined
  }
}
