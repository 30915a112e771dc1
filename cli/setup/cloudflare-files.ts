/** The files of a host on Cloudflare in the project's folder, as they are read by each command that talks to one. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from '@decimalturn/toml-patch'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { ROOT } from '../host/bundle.ts'
import { parseSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'

/**
 * Secrets of the host on Cloudflare. Not `.dev.vars`, from which `npm run dev` reads: keys of production have no place in
 * development. Ignored by git.
 */
const SECRETS = 'cloudflare-secrets.json'

export interface Route {
  pattern: string
  custom_domain?: boolean
  zone_name?: string
}

export interface WranglerConfig {
  main?: string
  compatibility_date?: string
  compatibility_flags?: string[]
  keep_names?: boolean
  minify?: boolean
  define?: Record<string, string>
  alias?: Record<string, string>
  vars?: Record<string, string>
  assets?: { directory: string }
  routes?: Route[]
  r2_buckets?: { binding: string; bucket_name: string }[]
  triggers?: { crons?: string[] }
  migrations?: { new_sqlite_classes?: string[] }[]
  durable_objects?: { bindings?: { class_name: string }[] }
}

/** Where the two files are. @param folder the project's */
export const cloudflareFiles = (folder: string = ROOT) => ({
  config: join(folder, 'wrangler.toml'),
  secrets: join(folder, SECRETS),
})

/** @throws CommandError for a file that is no TOML */
export function readWranglerConfig(path: string): WranglerConfig {
  try {
    return parse(readFileSync(path, 'utf8')) as WranglerConfig
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall) throw error
    throw new CommandError(`${path} is not valid: ${(error as Error).message}`)
  }
}

export function readCloudflareSecrets(path: string): RawSettings {
  if (!existsSync(path)) return {}
  const secrets = parseSecrets(readFileSync(path, 'utf8'))
  if (!secrets) throw new CommandError(`${path} is damaged: restore it from a backup.`)
  return secrets
}
