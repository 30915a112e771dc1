/** Sets up a host on Cloudflare: public settings and routes in `wrangler.toml`, secrets in a file beside it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse, patch } from '@decimalturn/toml-patch'
import { type RawSettings, settings } from '../../src/kernel/config/settings.ts'
import { withSettingsLock } from '../host/folder-lock.ts'
import { createFileSafely, writeFileSafely } from '../host/safe-file.ts'
import { reasonIn, runWrangler } from '../host/wrangler.ts'
import { makeSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Prompts } from '../terminal/prompts.ts'
import {
  cloudflareFiles,
  type Route,
  readCloudflareSecrets,
  readWranglerConfig,
  type WranglerConfig,
} from './cloudflare-files.ts'
import type { SetUp } from './machine.ts'
import { zoneOf } from './names.ts'
import type { Answers } from './questions.ts'
import {
  handOutKit,
  type KitOptions,
  kitFingerprint,
  makeRecoveryKey,
  readRecoveryKey,
  recoveryKeyFor,
} from './recovery-kit.ts'
import { withAnswers } from './settings.ts'

/** A recovery key that is not proven yet, among the secrets; it is never uploaded. */
const PENDING = 'RECOVERY_KEY_PENDING'

/** Fingerprint of the keys that the owner has shown to have a kit of, beside them; it is never uploaded. */
const PROVEN = 'RECOVERY_KIT_PROVEN'

const FILE_MODE = 0o644

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
export const setUpCloudflare = (
  answers: Answers,
  kit: KitOptions,
  prompts: Prompts,
  files = cloudflareFiles(),
): Promise<SetUp> =>
  withSettingsLock(dirname(files.config), () => withKit(answers, kit, prompts, files))

/** Nobody else does this now. */
async function withKit(
  answers: Answers,
  kit: KitOptions,
  prompts: Prompts,
  files: ReturnType<typeof cloudflareFiles>,
): Promise<SetUp> {
  const { hostname, data } = answers
  if (!readCloudflareSecrets(files.secrets).PDS_KEY_SECRET) await refuseLiveSecrets(files.secrets)
  const before = readWranglerConfig(files.config).vars ?? {}
  const { PDS_RECOVERY_DID_KEY: recoverySet } = before
  const kept = keptKeys(files.secrets, recoverySet)
  const all = withAnswers({ ...before, ...uploadable(kept) }, answers)
  const secrets = only(all, isSecret)
  // Such as a password whose change has not ended.
  const others = only(kept, (name) => !(name in settings) && name !== PENDING)
  const vars = only({ ...all, PDS_DATA_LOCATION: data }, (name) => !isSecret(name))
  const routes = routesFor(hostname, answers.handleDomains)
  // What cannot be written is to be known before there is a kit.
  configText(files.config, vars, routes)
  const fingerprint = kitFingerprint(kept)
  const done = [files.config, files.secrets]
  if (recoverySet && kept[PROVEN] === fingerprint) {
    writeSecrets(files.secrets, { ...others, ...secrets, [PROVEN]: fingerprint })
    writeConfig(files.config, vars, routes)
    return { files: done, recoveryKit: undefined }
  }
  const { [PENDING]: pending } = kept
  const recoveryKey = recoveryKeyFor(
    recoverySet,
    pending === undefined ? undefined : readRecoveryKey(pending, files.secrets),
  )
  const recoveryKit = await handOutKit(
    { hostname, secrets: kept, recoveryKey },
    { ...kit, notIn: done },
    prompts,
  )
  writeConfig(files.config, { ...vars, PDS_RECOVERY_DID_KEY: recoveryKey.didKey }, routes)
  // From here on the recovery key is in the kit only.
  writeSecrets(files.secrets, { ...others, ...secrets, [PROVEN]: fingerprint })
  return { files: done, recoveryKit }
}

type Kept = RawSettings & { [PENDING]?: string; [PROVEN]?: string }

/** The keys of the host; those that there are not yet are made, and a recovery key with them. */
function keptKeys(path: string, recoverySet: string | undefined): Kept {
  const kept: Kept = readCloudflareSecrets(path)
  const made: Kept = makeSecrets(kept)
  if (!recoverySet && !kept[PENDING]) made[PENDING] = makeRecoveryKey().privateKey
  if (Object.keys(made).length === 0) return kept
  const all = { ...kept, ...made }
  if (existsSync(path)) writeSecrets(path, all)
  // Of two runs at once, both go on with what one has made.
  else if (!createFileSafely(path, secretsText(all))) return keptKeys(path, recoverySet)
  return all
}

const isSecret = (name: string): boolean =>
  settings[name as keyof typeof settings]?.type === 'secret'

const only = (all: RawSettings, belongs: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value !== undefined && belongs(name) ? [[name, value]] : [],
    ),
  )

/** Uploads the secrets to the Worker, by standard input. @throws CommandError */
export const pushSecrets = (path: string = cloudflareFiles().secrets): Promise<string[]> =>
  withSettingsLock(dirname(path), async () => {
    const secrets = uploadable(readCloudflareSecrets(path))
    const input = JSON.stringify(secrets)
    const { code, stderr } = await runWrangler(['secret', 'bulk'], { input })
    if (code !== 0) {
      throw new CommandError(`wrangler did not take the secrets: ${reasonIn('', stderr)}`)
    }
    return Object.keys(secrets)
  })

/** New keys would lock out every account that the Worker has. @throws CommandError */
async function refuseLiveSecrets(path: string): Promise<void> {
  const names = await secretsOnWorker()
  if (!names.includes('PDS_KEY_SECRET')) return
  throw new CommandError(
    `The Worker has keys already, and ${path} is not here: with new ones, no account could write any more. Put the file ` +
      'back from your recovery kit or a backup, or give the Worker another name in wrangler.toml.',
  )
}

/** What wrangler says of a Worker that there is not yet. The bare number may be part of anything. */
const NO_WORKER = '[code: 10007]'

/**
 * Names of the secrets that the Worker has: none, where there is no Worker of the name yet.
 *
 * @throws CommandError where that cannot be told; to take it for "none" would replace live keys
 */
export async function secretsOnWorker(): Promise<string[]> {
  const { code, stdout, stderr } = await runWrangler(['secret', 'list', '--format', 'json'])
  const names = code === 0 ? namesIn(stdout) : undefined
  if (names) return names
  if (code !== 0 && `${stdout}${stderr}`.includes(NO_WORKER)) return []
  throw new CommandError(
    'Cloudflare does not say whether the Worker has keys already, and new ones would lock its accounts out. ' +
      `Not signed in: npx wrangler login. Otherwise try again. wrangler said: ${reasonIn(stdout, stderr)}`,
  )
}

/** wrangler may print a line or two before its JSON. @returns undefined for something else */
function namesIn(stdout: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(stdout.slice(Math.max(0, stdout.search(/^\[/m))))
    return Array.isArray(list)
      ? list.map((entry: { name?: unknown }) => String(entry?.name))
      : undefined
  } catch {
    return undefined
  }
}

const secretsText = (secrets: Record<string, string | undefined>): string =>
  `${JSON.stringify(secrets, null, 2)}\n`

const writeSecrets = (path: string, secrets: Record<string, string | undefined>): void =>
  writeFileSafely(path, secretsText(secrets))

const writeConfig = (path: string, vars: Record<string, string>, routes: readonly Route[]): void =>
  writeFileSafely(path, configText(path, vars, routes), FILE_MODE)

/** What backups by the Worker itself need, as far as it is not there. Once an hour it is looked whether one is due. */
const backupTables = ({ r2_buckets = [], triggers }: WranglerConfig): string[] => [
  ...(r2_buckets.some(({ binding }) => binding === 'BACKUPS')
    ? []
    : ['\n[[r2_buckets]]\nbinding = "BACKUPS"\nbucket_name = "cumulus-backups"\n']),
  ...(triggers ? [] : ['\n[triggers]\ncrons = ["17 * * * *"]\n']),
]

/** Comments and what else is in the file stay. @throws CommandError */
function configText(path: string, vars: Record<string, string>, routes: readonly Route[]): string {
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
  if (vars.PDS_BACKUP_RECIPIENT) added.push(...backupTables(config))
  const isInline = /^routes\s*=/m.test(text)
  if (isInline && missing.length > 0) {
    throw new CommandError(
      `routes in ${path} lacks ${missing.map(({ pattern }) => pattern).join(', ')}: add them there, and try again.`,
    )
  }
  return `${patched.trimEnd()}\n${added.join('')}`
}
