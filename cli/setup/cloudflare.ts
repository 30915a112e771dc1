/** Sets up a host on Cloudflare: public settings and routes in `wrangler.toml`, secrets in a file beside it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, patch } from '@decimalturn/toml-patch'
import { type RawSettings, settings } from '../../src/kernel/config/settings.ts'
import { ROOT } from '../host/bundle.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { runWrangler } from '../host/wrangler.ts'
import { makeSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'
import type { SetUp } from './machine.ts'
import { zoneOf } from './names.ts'
import type { Answers } from './questions.ts'
import { handOutKit, type KitOptions, makeRecoveryKey, readRecoveryKey } from './recovery-kit.ts'
import { withAnswers } from './settings.ts'

/**
 * Secrets of the host on Cloudflare. Not `.dev.vars`, from which `npm run dev` reads: keys of production have no place in
 * development. Ignored by git.
 */
const SECRETS = 'cloudflare-secrets.json'

/** A recovery key that is not proven yet, among the secrets; it is never uploaded. */
const PENDING = 'RECOVERY_KEY_PENDING'

const FILE_MODE = 0o644

export interface Route {
  pattern: string
  custom_domain?: boolean
  zone_name?: string
}

export interface WranglerConfig {
  vars?: Record<string, string>
  routes?: Route[]
  r2_buckets?: { binding: string; bucket_name: string }[]
  migrations?: { new_sqlite_classes?: string[] }[]
  durable_objects?: { bindings?: { class_name: string }[] }
}

/** Where the two files are. @param folder the project's */
export const cloudflareFiles = (folder: string = ROOT) => ({
  config: join(folder, 'wrangler.toml'),
  secrets: join(folder, SECRETS),
})

export const readWranglerConfig = (path: string): WranglerConfig =>
  parse(readFileSync(path, 'utf8')) as WranglerConfig

export function readCloudflareSecrets(path: string): RawSettings {
  if (!existsSync(path)) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RawSettings
  } catch {
    throw new CommandError(
      `${path} is not valid JSON: restore it from your recovery kit or a backup.`,
    )
  }
}

/** The secrets that belong on the Worker. */
export const uploadable = (kept: RawSettings): RawSettings =>
  Object.fromEntries(Object.entries(kept).filter(([name]) => name in settings))

/** What leads to the Worker: its own name, and the two files of the protocol under every handle. */
export function routesFor(hostname: string, handleDomains: string): Route[] {
  const domains = handleDomains.split(',')
  return [
    { pattern: hostname, custom_domain: true },
    ...domains.flatMap((domain) =>
      ['atproto-did', 'did.json'].map((file) => ({
        pattern: `*${domain}/.well-known/${file}`,
        zone_name: zoneOf(domain.slice(1)),
      })),
    ),
  ]
}

/** @throws CommandError, UsageError, InterruptedError */
export async function setUpCloudflare(
  answers: Answers,
  kit: KitOptions,
  prompts: Prompts,
  files = cloudflareFiles(),
): Promise<SetUp> {
  const { hostname, data } = answers
  const kept = readCloudflareSecrets(files.secrets)
  if (!kept.PDS_KEY_SECRET) await refuseLiveSecrets(files.secrets)
  const made = { ...kept, ...makeSecrets(kept) }
  const before = readWranglerConfig(files.config).vars ?? {}
  const all = { ...withAnswers(before, answers), PDS_DATA_LOCATION: data }
  const isSecret = (name: string) => settings[name as keyof typeof settings]?.type === 'secret'
  const entries = Object.entries(all)
  const secrets = { ...made, ...Object.fromEntries(entries.filter(([name]) => isSecret(name))) }
  const vars = Object.fromEntries(
    entries.flatMap(([name, value]) =>
      value === undefined || isSecret(name) ? [] : [[name, value]],
    ),
  )
  if (before.PDS_RECOVERY_DID_KEY) {
    writeSecrets(files.secrets, secrets)
    writeConfig(files.config, vars, routesFor(hostname, answers.handleDomains))
    return { files: [files.config, files.secrets], recoveryKit: undefined }
  }
  const pending = (kept as Record<string, string>)[PENDING]
  const recoveryKey = pending ? readRecoveryKey(pending) : makeRecoveryKey()
  writeSecrets(files.secrets, { ...secrets, [PENDING]: recoveryKey.privateKey })
  const recoveryKit = await handOutKit({ hostname, secrets, recoveryKey }, kit, prompts)
  writeConfig(
    files.config,
    { ...vars, PDS_RECOVERY_DID_KEY: recoveryKey.didKey },
    routesFor(hostname, answers.handleDomains),
  )
  const { [PENDING]: _, ...proven } = secrets as Record<string, string>
  writeSecrets(files.secrets, proven)
  return { files: [files.config, files.secrets], recoveryKit }
}

/** Uploads the secrets to the Worker, by standard input. @throws CommandError */
export async function pushSecrets(path: string = cloudflareFiles().secrets): Promise<string[]> {
  const secrets = uploadable(readCloudflareSecrets(path))
  const { code, stderr } = await runWrangler(['secret', 'bulk'], { input: JSON.stringify(secrets) })
  if (code !== 0) {
    throw new CommandError(`wrangler did not take the secrets: ${lastLine(stderr)}`)
  }
  return Object.keys(secrets)
}

/** New keys would lock out every account that the Worker has. @throws CommandError */
async function refuseLiveSecrets(path: string): Promise<void> {
  const { code, stdout } = await runWrangler(['secret', 'list', '--format', 'json'])
  // Not signed in, or no Worker of that name yet.
  if (code !== 0) return
  if (stdout.includes('"PDS_KEY_SECRET"')) {
    throw new CommandError(
      `The Worker has keys already, and ${path} is not here: with new ones, no account could write any more. Put the file ` +
        'back from your recovery kit or a backup, or give the Worker another name in wrangler.toml.',
    )
  }
}

const writeSecrets = (path: string, secrets: Record<string, string | undefined>): void =>
  writeFileSafely(path, `${JSON.stringify(secrets, null, 2)}\n`)

/** Comments and what else is in the file stay. */
function writeConfig(path: string, vars: Record<string, string>, routes: readonly Route[]): void {
  const text = readFileSync(path, 'utf8')
  const config = parse(text) as WranglerConfig
  const present = config.routes ?? []
  const missing = routes.filter(
    ({ pattern }) => !present.some((route) => route.pattern === pattern),
  )
  const patched = patch(text, { ...config, vars })
  // As tables of their own at the end, where they cannot end up below another table's line in brackets.
  const added = missing.map(
    ({ pattern, custom_domain, zone_name }) =>
      `\n[[routes]]\npattern = ${JSON.stringify(pattern)}\n` +
      (custom_domain ? 'custom_domain = true\n' : `zone_name = ${JSON.stringify(zone_name)}\n`),
  )
  const isInline = /^routes\s*=/m.test(text)
  if (isInline && missing.length > 0) {
    throw new CommandError(
      `routes in ${path} lacks ${missing.map(({ pattern }) => pattern).join(', ')}: add them there, and try again.`,
    )
  }
  writeFileSafely(path, `${patched.trimEnd()}\n${added.join('')}`, FILE_MODE)
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
