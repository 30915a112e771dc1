/** Settings of a host that runs here: from the environment, with secrets made up once and kept. */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigError, parseSettings, type RawSettings, settings } from '../src/config.ts'

/** Secrets that a host cannot do without. */
const MADE_UP = ['PDS_ADMIN_PASSWORD', 'PDS_JWT_SECRET', 'PDS_KEY_SECRET'] as const

export interface LocalSettings {
  /** Absolute path of the data folder. */
  dataDirectory: string
  port: number
  /** Everything that is set, secrets included, as the Worker gets it. */
  raw: RawSettings
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
  for (const name of Object.keys(env)) {
    if (name.startsWith('PDS_') && !(name in settings)) {
      process.stderr.write(`note: ${name} is set, but Cumulus has no setting of that name\n`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  const dataDirectory = resolve(parsed.PDS_DATA_DIRECTORY ?? 'data')
  mkdirSync(dataDirectory, { recursive: true })
  const given = Object.keys(settings).flatMap((name) => (env[name] ? [[name, env[name]]] : []))
  const raw: RawSettings = { ...keptSecrets(dataDirectory), ...Object.fromEntries(given) }
  return { dataDirectory, port: parsed.PDS_PORT ?? 2583, raw }
}

function keptSecrets(dataDirectory: string): RawSettings {
  const path = join(dataDirectory, 'secrets.json')
  const kept = readSecrets(path)
  const missing = MADE_UP.filter((name) => !kept[name])
  if (missing.length === 0) return kept
  for (const name of missing) kept[name] = randomBytes(32).toString('base64url')
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 })
  chmodSync(path, 0o600)
  return kept
}

function readSecrets(path: string): RawSettings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  try {
    return JSON.parse(text) as RawSettings
  } catch {
    // Made anew, the signing keys of every account would be lost.
    throw new ConfigError(`${path} is not valid JSON: restore it from a backup`)
  }
}
